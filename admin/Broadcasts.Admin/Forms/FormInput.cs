using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Forms;

namespace Broadcasts.Admin.Forms;

/// <summary>A sign-up form as its page gives it.</summary>
public sealed class FormInput
{
    public string? Name { get; set; }

    public bool IsOpen { get; set; }

    public string? Title { get; set; }

    public string? Consent { get; set; }

    public string? Thanks { get; set; }

    public string? RedirectUrl { get; set; }

    public long ChannelId { get; set; }

    public PartInput Part { get; set; } = new();

    /// <summary>What is asked.</summary>
    public List<string> Asked { get; set; } = [];

    /// <summary>Those of it without which nobody gets in.</summary>
    public List<string> Needed { get; set; } = [];

    /// <summary>Divided by commas.</summary>
    public string? Tags { get; set; }

    public int Version { get; set; }

    internal FormEdit ToEdit() => new()
    {
        Name = Name ?? "",
        IsOpen = IsOpen,
        Title = Title ?? "",
        Consent = Consent ?? "",
        Thanks = Thanks,
        RedirectUrl = RedirectUrl,
        ChannelId = ChannelId,
        Part = Part.ToPart(),
        // What is needed is asked, whether or not its first box was ticked too.
        Fields = [.. Asked.Union(Needed).Select(name => new FormField(name, Needed.Contains(name)))],
        Tags = LabelText.Read(Tags),
    };

    internal static FormInput Of(SignUpForm form) => new()
    {
        Name = form.Name,
        IsOpen = form.IsOpen,
        Title = form.Title,
        Consent = form.Consent,
        Thanks = form.Thanks,
        RedirectUrl = form.RedirectUrl,
        ChannelId = form.ChannelId,
        Part = PartInput.Of(form.ReadPart()),
        Asked = [.. form.ReadFields().Select(f => f.Name)],
        Needed = [.. form.ReadFields().Where(f => f.IsRequired).Select(f => f.Name)],
        Tags = LabelText.Write(form.ReadTags()),
        Version = form.Version,
    };
}
