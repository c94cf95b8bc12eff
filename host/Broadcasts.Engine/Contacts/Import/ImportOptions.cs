using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts.Import;

/// <summary>What an import may do.</summary>
internal enum ImportPurpose
{
    AddAndUpdate = 0,

    /// <summary>Contacts that exist stay as they are.</summary>
    Add = 1,

    /// <summary>Rows whose address nobody has are not taken.</summary>
    Update = 2,
}

/// <summary>Where an import is. The numbers are stored.</summary>
internal enum ImportStatus
{
    Running = 0,
    Completed = 1,
    Failed = 2,
    Cancelled = 3,

    /// <summary>The process ended in the middle. It goes on where its file is kept; elsewhere the same file again brings the rest, because rows that are in are unchanged.</summary>
    Interrupted = 4,
}

/// <summary>How a file is to be read, and what becomes of its rows.</summary>
internal sealed record ImportOptions
{
    /// <summary>Shown in lists: the file's name.</summary>
    public required string Name { get; init; }

    /// <summary>Who imports.</summary>
    public required string Actor { get; init; }

    public ImportPurpose Purpose { get; init; }

    /// <summary>ISO code of the country whose national telephone numbers are meant.</summary>
    public string? DefaultCountry { get; init; }

    /// <summary>Tags that every contact of the file gets.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>
    /// Columns whose meaning is given: header (or <c>#3</c> for the third column) → <c>email</c>, <c>phone</c> … <c>first_name</c>,
    /// <c>last_name</c>, <c>name</c>, <c>language</c>, <c>country</c>, <c>time_zone</c>, <c>tags</c>, <c>fields.slug</c>, <c>new.number</c> (a field
    /// that is named after the column) or <c>ignore</c>. See <see cref="ColumnWords"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Mapping { get; init; } = new Dictionary<string, string>();

    /// <summary>Which kind of address tells whether a contact exists; null: any.</summary>
    public AddressKind? Identifier { get; init; }

    /// <summary>Makes text fields of the columns that nobody knows; otherwise they are left out.</summary>
    public bool CreateFields { get; init; } = true;

    /// <summary>A blank cell clears what the contact has there. Default: it leaves it.</summary>
    public bool OverwriteWithBlank { get; init; }

    /// <summary>New addresses get nothing until their owner has confirmed (double opt-in). Those that were known stay as they are.</summary>
    public bool MustConfirm { get; init; }

    /// <summary>Counts what would become of the rows; no contact, tag or field is written.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Where the people agreed to be written to: "web form 2026". Needed, except for a trial.</summary>
    public string? ConsentSource { get; init; }

    /// <summary>The uploaded file (<see cref="ImportUploads"/>); null when it is read from elsewhere.</summary>
    public string? Upload { get; init; }

    /// <summary>Null: found out.</summary>
    public char? Delimiter { get; init; }

    /// <summary>Name of the encoding; null: found out.</summary>
    public string? Encoding { get; init; }

    /// <summary>Size of the file, for progress; null when it is not known.</summary>
    public long? TotalBytes { get; init; }
}

/// <summary>How far an import is. What is counted is committed.</summary>
internal sealed record ImportProgress(long Id, long DoneBytes, long? TotalBytes, long Created, long Updated, long Unchanged, long Duplicate, long Invalid)
{
    public long Rows => Created + Updated + Unchanged + Duplicate + Invalid;
}

/// <summary>How an import ended: rows = created + updated + unchanged + duplicate + invalid.</summary>
internal sealed record ImportResult
{
    /// <summary>0 when nothing was begun.</summary>
    public long Id { get; init; }

    public ImportStatus Status { get; init; }

    /// <summary>Only counted.</summary>
    public bool IsTrial { get; init; }

    public long Created { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Duplicate { get; init; }

    public long Invalid { get; init; }

    /// <summary>Why it failed.</summary>
    public Problem? Error { get; init; }

    /// <summary>SHA-256 of the file in hex; null when it was not read to its end.</summary>
    public string? Sha256 { get; init; }

    public long Rows => Created + Updated + Unchanged + Duplicate + Invalid;

    /// <summary>Nothing was begun.</summary>
    public static ImportResult Refused(Problem problem) => new() { Status = ImportStatus.Failed, Error = problem };
}
