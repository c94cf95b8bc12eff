namespace Broadcasts.Contacts.Merge;

/// <summary>What somebody asks to be merged.</summary>
internal sealed record MergeRequest
{
    /// <summary>Who stays.</summary>
    public required long PrimaryId { get; init; }

    /// <summary>Who goes into the other.</summary>
    public required long SecondaryId { get; init; }

    /// <summary>Whose value a field gets, by its name (<c>firstName</c>, <c>fields.city</c>): <see cref="MergeChoice.Primary"/> or <see cref="MergeChoice.Secondary"/>. A field that is not named keeps the primary's, or gets the other's when that is empty.</summary>
    public IReadOnlyDictionary<string, string> Choices { get; init; } = new Dictionary<string, string>();

    /// <summary>The revision of the primary that was looked at; null: whichever it is.</summary>
    public int? PrimaryRevision { get; init; }

    /// <summary>The revision of the secondary that was looked at; null: whichever it is.</summary>
    public int? SecondaryRevision { get; init; }
}

/// <summary>A merge that was done.</summary>
internal sealed record MergeDetails
{
    public long Id { get; init; }

    public long PrimaryId { get; init; }

    public long SecondaryId { get; init; }

    public long At { get; init; }

    public string Actor { get; init; } = "";

    public long? UndoneAt { get; init; }

    public string? UndoneBy { get; init; }

    /// <summary>What both were; null when one of them was deleted.</summary>
    public MergeSnapshot? Snapshot { get; init; }

    /// <summary>True while it can be taken back.</summary>
    public bool CanUndo { get; init; }
}

/// <summary>What an undo goes by. Stored as JSON.</summary>
internal sealed record MergeSnapshot
{
    public required ContactDetails Primary { get; init; }

    public required ContactDetails Secondary { get; init; }

    /// <summary>The primary as the merge left it.</summary>
    public required ContactDetails Merged { get; init; }

    /// <summary>Ids of the secondary's tags.</summary>
    public required IReadOnlyList<long> SecondaryTags { get; init; }

    /// <summary>Ids of the tags that the primary got.</summary>
    public required IReadOnlyList<long> AddedTags { get; init; }

    /// <summary>The imports that held the secondary.</summary>
    public required IReadOnlyList<MovedImport> Imports { get; init; }

    /// <summary>Whom the primary is told apart from because the secondary was.</summary>
    public required IReadOnlyList<long> AddedDistinct { get; init; }
}

/// <summary>A row of an import that held the secondary.</summary>
internal sealed record MovedImport
{
    public long ImportId { get; init; }

    public int Outcome { get; init; }

    public int? Revision { get; init; }

    public int? Undo { get; init; }

    /// <summary>True when the import held the primary too: its row is the one that stays.</summary>
    public bool IsShared { get; init; }
}
