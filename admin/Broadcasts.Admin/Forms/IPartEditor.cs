using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>A form in which parts are written: of a broadcast, of one language of a template.</summary>
internal interface IPartEditor
{
    IReadOnlyList<PartInput> Parts { get; }

    /// <summary>What the names of the form's fields begin with.</summary>
    string Prefix => "Input";

    /// <summary>What the elements' ids begin with; empty where there is one such form.</summary>
    string IdPrefix => "";

    /// <summary>What the numbers in the buttons' verbs begin with.</summary>
    string Verb => "";

    /// <summary>The chosen channel's abilities; null before one is chosen.</summary>
    TransportCapabilities? Capabilities { get; }

    IReadOnlyList<FileRow> Files { get; }

    IReadOnlyList<string> Variables { get; }

    /// <summary>Problems of one place of the form: <c>parts[0]</c>.</summary>
    IEnumerable<Problem> At(string path);
}
