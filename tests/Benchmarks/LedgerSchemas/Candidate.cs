namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>One way to lay out the ledger: the statements of its four steps on one database.</summary>
/// <remarks>
/// Parameters: freeze takes @from and @to (positions); claim takes @claim, @from and @to; record and receipt take one row on SQLite
/// (@id, @claim, @provider, @key, @at) and arrays on PostgreSQL (@ids, @providers, @keys and the scalars @claim, @at).
/// </remarks>
internal sealed record Candidate
{
    public required string Name { get; init; }

    public required string Create { get; init; }

    public required string Freeze { get; init; }

    public required string Claim { get; init; }

    public required string Record { get; init; }

    public required string Receipt { get; init; }

    /// <summary>Run after a row was recorded: writes the key that finds it by the provider's id. SQLite only.</summary>
    public string? AddKey { get; init; }
}

/// <summary>The synthetic broadcast that every candidate stores.</summary>
internal static class Rows
{
    /// <summary>Ids are broadcast number and position in one number, so that a broadcast's rows lie side by side.</summary>
    public const long FirstId = 7L << 32;

    public const int ChannelId = 3;

    /// <summary>About the moment of the measurement: seven digits less would make SQLite's integers shorter than real ones.</summary>
    public const long Now = 1_790_000_000_000;

    /// <summary>20 characters in random order, as most providers' ids are.</summary>
    public static string ProviderId(long id) => $"{Mix((ulong)id):x16}{id & 0xffff:x4}";

    /// <summary>A 64-bit key of channel and provider id (FNV-1a); collisions are told apart by the row's own text.</summary>
    public static long ProviderKey(string providerId)
    {
        var hash = 14695981039346656037UL ^ ChannelId;
        foreach (var letter in providerId)
        {
            hash = (hash ^ letter) * 1099511628211UL;
        }

        return (long)hash;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }
}
