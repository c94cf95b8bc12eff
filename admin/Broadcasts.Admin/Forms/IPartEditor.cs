using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>A form in which parts are written: one language of a broadcast's or a template's content.</summary>
internal interface IPartEditor
{
    IReadOnlyList<PartInput> Parts { get; }

    /// <summary>What the names of the form's fields begin with.</summary>
    string Prefix => "Input";

    /// <summary>What the elements' ids begin with; empty for the first language.</summary>
    string IdPrefix => "";

    /// <summary>The chosen channel's abilities; null before one is chosen.</summary>
    TransportCapabilities? Capabilities { get; }

    IReadOnlyList<FileRow> Files { get; }

    IReadOnlyList<string> Variables { get; }

    /// <summary>Problems of one place of the form: <c>parts[0]</c>.</summary>
    IEnumerable<Problem> At(string path);
}
