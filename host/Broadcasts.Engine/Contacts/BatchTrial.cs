namespace Broadcasts.Contacts;

/// <summary>
/// What a trial would have written, as far as later rows ask for it: who has which address now, and who was meant already. A hash per address, some
/// 40 bytes: two addresses of the same hash (one in ten million files of a million rows) cost a wrong number in the preview and nothing else.
/// </summary>
internal sealed class BatchTrial
{
    // Above every id that a database gives.
    private const long FirstId = long.MaxValue / 2;

    private readonly Dictionary<ulong, long> _owners = [];
    private readonly HashSet<long> _taken = [];
    private long _next = FirstId;

    /// <summary>True for a contact that the database does not know.</summary>
    public static bool IsImagined(long id) => id >= FirstId;

    public long NextId() => _next++;

    /// <summary>Who would have the address; 0 for nobody.</summary>
    public long OwnerOf(AddressKey key) => _owners.GetValueOrDefault(Hash(key));

    public void Own(AddressKey key, long id) => _owners[Hash(key)] = id;

    public void Take(long id) => _taken.Add(id);

    public bool IsTaken(long id) => _taken.Contains(id);

    // FNV-1a: the same in every process, and nobody gains by a collision.
    private static ulong Hash(AddressKey key)
    {
        var hash = 14695981039346656037UL ^ (ulong)key.Kind;
        foreach (var c in key.Value) hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }
}
