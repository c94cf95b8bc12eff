using Broadcasts.Broadcasting;
using Broadcasts.Channels;

namespace Broadcasts.Contacts.Forms;

/// <summary>What must be right before a form is saved.</summary>
internal sealed class FormCheck(ChannelStore channels, FieldStore fields, BroadcastChecks checks)
{
    public const int LongestName = 100;
    public const int LongestTitle = 200;
    public const int LongestText = 2000;
    private const int MostFields = 20;

    public async Task<Problem[]> CheckAsync(FormEdit edit, CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        Text("name", edit.Name, LongestName, isNeeded: true);
        Text("title", edit.Title, LongestTitle, isNeeded: true);
        Text("consent", edit.Consent, LongestText, isNeeded: true);
        Text("thanks", edit.Thanks, LongestText, isNeeded: false);
        if (!string.IsNullOrWhiteSpace(edit.RedirectUrl) && !(Uri.TryCreate(edit.RedirectUrl, UriKind.Absolute, out var url) && url.Scheme is "https" or "http"))
            problems.Add(new("redirectUrl", "notUrl", $"'{edit.RedirectUrl}' is no web address: it begins with https://.", edit.RedirectUrl));
        problems.AddRange(edit.Tags.Select((tag, i) => TagStore.Check(tag, $"tags[{i}]")).OfType<Problem>());
        await CheckFieldsAsync(edit, problems, cancellationToken);
        await CheckMessageAsync(edit, problems);
        return [.. problems];

        void Text(string path, string? text, int longest, bool isNeeded)
        {
            if (isNeeded && string.IsNullOrWhiteSpace(text)) problems.Add(new(path, "required", "This is needed."));
            else if (text?.Length > longest) problems.Add(new(path, "tooLong", $"At most {longest} characters; this has {text.Length}.", $"{longest}"));
        }
    }

    private async Task CheckFieldsAsync(FormEdit edit, List<Problem> problems, CancellationToken cancellationToken)
    {
        if (edit.Fields.Count > MostFields) problems.Add(new("fields", "tooMany", $"A form asks for at most {MostFields} things.", $"{MostFields}"));
        var known = (await fields.ListAsync(cancellationToken)).Select(f => f.Slug).Append(SignUpForm.FirstName).Append(SignUpForm.LastName).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < edit.Fields.Count; i++)
        {
            var name = edit.Fields[i].Name;
            if (!known.Contains(name)) problems.Add(new($"fields[{i}].name", "unknownField", $"There is no custom field '{name}'. Make it first, or look at its spelling.", name));
            else if (edit.Fields.Take(i).Any(f => f.Name == name)) problems.Add(new($"fields[{i}].name", "fieldTwice", $"'{name}' is asked twice.", name));
        }
    }

    private async Task CheckMessageAsync(FormEdit edit, List<Problem> problems)
    {
        if (await channels.GetAsync(edit.ChannelId) is not { } channel)
        {
            problems.Add(new("channelId", "channelGone", $"Channel {edit.ChannelId} does not exist.", $"{edit.ChannelId}"));
            return;
        }

        var wrong = await checks.CheckPartAsync(channel, edit.Part);
        problems.AddRange(wrong);
        if (wrong.Count == 0 && !await checks.AsksToConfirmAsync([edit.Part]))
            problems.Add(new("part", "noConfirmLink", "The message needs the link by which people confirm: write {{ links.confirm }} where it shall stand."));
    }
}
