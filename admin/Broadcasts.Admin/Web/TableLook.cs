using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>How columns of the broadcasts table look.</summary>
internal static class TableLook
{
    /// <summary>True for what stands at the end of its cell, so that digits stand below digits.</summary>
    public static bool IsNumber(BroadcastColumn column) => column is BroadcastColumn.Recipients or BroadcastColumn.Messages or BroadcastColumn.Delivered or BroadcastColumn.Failed;
}
