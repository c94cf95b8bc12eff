namespace Broadcasts.Contacts.Consent;

/// <summary>Where somebody stands to being written to. The numbers are stored.</summary>
internal enum ConsentState
{
    /// <summary>Agreed.</summary>
    Granted = 1,

    /// <summary>Wants nothing (more).</summary>
    Withdrawn = 2,

    /// <summary>Has to confirm first (double opt-in); until then nothing is sent.</summary>
    Pending = 3,
}

/// <summary>One thing that somebody said about being written to, as it is kept for proof.</summary>
internal sealed record ConsentEvent
{
    /// <summary>0 for the file of an import, which speaks for every address of its row.</summary>
    public AddressKind Kind { get; init; }

    public string Value { get; init; } = "";

    /// <summary>The channel that it is about; 0 for all.</summary>
    public long ChannelId { get; init; }

    public ConsentState State { get; init; }

    /// <summary>What it came by: <c>link</c>, <c>preferences</c>, <c>word</c>, <c>channel:3</c>, <c>import:12</c>, or what a person or program said.</summary>
    public string Source { get; init; } = "";

    /// <summary>The words, the form's text, the campaign: what proves it.</summary>
    public string? Detail { get; init; }

    /// <summary>Who wrote it down: <c>contact</c> for the person's own act.</summary>
    public string Actor { get; init; } = "";

    public long At { get; init; }
}
