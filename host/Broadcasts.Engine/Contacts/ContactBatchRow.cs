namespace Broadcasts.Contacts;

/// <summary>An address as a key.</summary>
internal readonly record struct AddressKey(AddressKind Kind, string Value);

/// <summary>One contact on its way into the database: every value in stored form. Null leaves what is there, empty clears it.</summary>
internal sealed class ContactBatchRow
{
    /// <summary>The row of the file, or the place in the batch.</summary>
    public long Number { get; init; }

    public string? FirstName { get; set; }

    public string? LastName { get; set; }

    public string? Language { get; set; }

    public string? Country { get; set; }

    public string? TimeZone { get; set; }

    public List<AddressKey> Addresses { get; } = new(2);

    /// <summary>The places of the addresses among those of the batch: set by the batch.</summary>
    internal int[] Slots { get; set; } = [];

    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>Slugs of <see cref="FieldValues"/>; shared by all rows of a file.</summary>
    public string[] FieldSlugs { get; init; } = [];

    public string?[] FieldValues { get; init; } = [];

    /// <summary>What is wrong with the row; null when it can be written.</summary>
    public RowError? Error { get; set; }

    /// <summary>The row as it was in the file; null when it comes from elsewhere.</summary>
    public RowCells? Cells { get; set; }

    /// <summary>Where the row's cells begin and how many they are.</summary>
    public (int Start, int Count) CellRange { get; set; }
}

/// <summary>Why a row was not taken.</summary>
/// <param name="Field">The column or field; empty for the row.</param>
/// <param name="Value">What was there, shortened.</param>
/// <param name="Code">A stable word.</param>
/// <param name="Reason">English, with what to do.</param>
internal sealed record RowError(string Field, string? Value, string Code, string Reason)
{
    public const int LongestValue = 200;

    public static RowError Of(string field, string? value, ValueRefusal refusal) => new(field, Shorten(value), refusal.Code, refusal.Message);

    public static string? Shorten(string? value) => value is { Length: > LongestValue } ? value[..LongestValue] : value;
}

/// <summary>What a batch may do.</summary>
internal sealed record ContactBatchOptions
{
    public bool MayAdd { get; init; } = true;

    public bool MayUpdate { get; init; } = true;

    /// <summary>The import that the rows belong to; 0 for none.</summary>
    public long ImportId { get; init; }

    /// <summary>Tags that every contact of the batch gets.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Which kind of address tells whether a contact exists; null: any.</summary>
    public AddressKind? Identifier { get; init; }

    /// <summary>New addresses get nothing before their owner has confirmed.</summary>
    public bool MustConfirm { get; init; }

    /// <summary>Nothing is written, and this remembers what would have been; null: everything is written.</summary>
    public BatchTrial? Trial { get; init; }
}

/// <summary>What became of a row.</summary>
/// <param name="Kind">What.</param>
/// <param name="ContactId">Whose; 0 for nobody.</param>
/// <param name="Error">Why it was not taken.</param>
/// <param name="Revision">The contact's revision behind it.</param>
internal readonly record struct ContactBatchOutcome(UpsertKind Kind, long ContactId, RowError? Error, int Revision = 0);
