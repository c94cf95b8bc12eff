namespace Broadcasts.Contacts.Import;

/// <summary>An import as a page shows it.</summary>
internal sealed record ImportDetails
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public ImportStatus Status { get; init; }

    public string? FileSha256 { get; init; }

    public long? TotalBytes { get; init; }

    public long DoneBytes { get; init; }

    public long Created { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Duplicate { get; init; }

    public long Invalid { get; init; }

    public string? Error { get; init; }

    public string? ErrorCode { get; init; }

    public string CreatedBy { get; init; } = "";

    public long StartedAt { get; init; }

    public long? FinishedAt { get; init; }

    public string? ConsentSource { get; init; }

    /// <summary>Only counted; nobody was written.</summary>
    public bool IsTrial { get; init; }

    /// <summary>The uploaded file: of a trial while it waits for its real run, of an import that has not ended until it is complete.</summary>
    public string? Upload { get; init; }

    public long? UndoneAt { get; init; }

    public string? UndoneBy { get; init; }

    /// <summary>How the import was asked for, as JSON.</summary>
    public string Options { get; init; } = "{}";

    /// <summary>The columns' names as JSON; null for imports of older versions.</summary>
    public string? Headers { get; init; }

    public long Rows => Created + Updated + Unchanged + Duplicate + Invalid;
}

/// <summary>One thing that was wrong in a file.</summary>
internal sealed record ImportErrorRow
{
    public long RowNumber { get; init; }

    public string Field { get; init; } = "";

    public string? Value { get; init; }

    public string Code { get; init; } = "";

    public string Reason { get; init; } = "";

    /// <summary>The row as JSON; null when it could not be read.</summary>
    public string? Cells { get; init; }
}
