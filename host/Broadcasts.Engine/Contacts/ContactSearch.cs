using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>
/// What a quick search finds: each of its words in a name, an address or a tag. A name and a tag have it anywhere. An address begins with it; only when none does so, it may be anywhere in one:
/// a beginning is looked up, "anywhere" reads them all.
/// </summary>
internal sealed class ContactSearch
{
    /// <summary>Further words are passed over.</summary>
    private const int MostWords = 5;

    /// <summary>Digits from which on a word is no part of a name.</summary>
    private const int NumberLength = 3;

    private static readonly string AnyKind = $"a.kind IN ({string.Join(", ", Enum.GetValues<AddressKind>().Select(k => (short)k))})";

    private readonly SqlDialect _dialect;
    private readonly IReadOnlyList<SearchWord> _words;

    /// <summary>A search that was prepared before: what it finds does not change by what has happened to addresses since.</summary>
    public ContactSearch(SqlDialect dialect, IReadOnlyList<SearchWord> words) => (_dialect, _words) = (dialect, words);

    /// <summary>The words, as they were understood.</summary>
    public IReadOnlyList<SearchWord> Words => _words;

    public static async Task<ContactSearch> PrepareAsync(string? text, SqlDialect dialect, DbConnection connection, CancellationToken cancellationToken)
    {
        var words = new List<SearchWord>();
        foreach (var word in AddressNormalizer.Trim(text).Replace('\0', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(MostWords))
        {
            var begin = word.ToLowerInvariant();
            if (word.All(char.IsAsciiDigit) && await BeginsAsync("+" + begin)) begin = "+" + begin;
            words.Add(new SearchWord(words.Count, word, begin, await BeginsAsync(begin), word.Contains('@', StringComparison.Ordinal) || IsNumber(word)));
        }

        return new ContactSearch(dialect, words);

        async Task<bool> BeginsAsync(string begin) => await connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            AnyBeginsSql.Replace("{0}", dialect.BeginsWith("a.value", "begin"), StringComparison.Ordinal), dialect.BeginsWithValues("begin", begin), cancellationToken: cancellationToken)) is not null;
    }

    /// <summary>False when everybody fits.</summary>
    public bool HasWords => _words.Count > 0;

    /// <summary>True when the beginning of an address is among the words: few have it, and an index knows who.</summary>
    public bool IsNarrow => _words.Any(w => w.IsAddress && w.Begins);

    // Kind by kind, each in the order of the index: nobody reads them all to find the first.
    private static readonly string AnyBeginsSql = string.Join(" UNION ALL ", Enum.GetValues<AddressKind>().Select(k =>
        $"SELECT found.one FROM (SELECT 1 AS one FROM addresses a WHERE a.kind = {(short)k} AND {{0}} ORDER BY a.value LIMIT 1) AS found")) + " LIMIT 1";

    // Not EXISTS: PostgreSQL would read all addresses once instead of looking at those of a few contacts.
    /// <summary>A condition that is looked at contact by contact, alias <c>c</c>: for few contacts, and for words that many have.</summary>
    public string OneByOne(DynamicParameters parameters) => Every(parameters, word =>
        $"""
        ({Names(word, "c")}(SELECT 1 FROM addresses a WHERE a.contact_id = c.id AND {Address(word)} LIMIT 1) IS NOT NULL
            {Tags(word, "OR (SELECT 1 FROM contact_tags ct WHERE ct.contact_id = c.id AND {0} LIMIT 1) IS NOT NULL")})
        """);

    /// <summary>The same condition out of the indexes of names, addresses and tags: for words that few have.</summary>
    public string AtOnce(DynamicParameters parameters) => Every(parameters, word =>
        $"""
        c.id IN (SELECT a.contact_id FROM addresses a WHERE {Address(word)}
            {(word.IsAddress ? "" : $"UNION ALL SELECT n.id FROM contacts n WHERE {Names(word, "n")}1 = 0")}
            {Tags(word, "UNION ALL SELECT ct.contact_id FROM contact_tags ct WHERE {0}")})
        """);

    private string Every(DynamicParameters parameters, Func<SearchWord, string> condition)
    {
        foreach (var word in _words)
        {
            parameters.AddDynamicParams(_dialect.ContainsValues(word.Anywhere, word.Text));
            parameters.AddDynamicParams(_dialect.BeginsWithValues(word.Beginning, word.Begin));
        }

        return string.Join(" AND ", _words.Select(condition));
    }

    private string Names(SearchWord word, string alias) => word.IsAddress ? "" :
        $"{Contains(word, alias + ".first_name")} OR {Contains(word, alias + ".last_name")} OR ";

    private string Address(SearchWord word) => word.Begins ? Begins(_dialect, word.Beginning) : $"({Anywhere(word)})";

    // Nearly all: e-mail addresses and numbers are stored without capital letters, ids as their provider writes them. A number has no letters at all.
    private string Anywhere(SearchWord word)
    {
        var (email, phone) = ((short)AddressKind.Email, (short)AddressKind.Phone);
        var small = word.Text.Any(char.IsLetter) ? $"a.kind = {email}" : $"a.kind IN ({email}, {phone})";
        return $"{small} AND {_dialect.ContainsInLower("a.value", word.Anywhere, word.Text)} OR a.kind NOT IN ({email}, {phone}) AND {Contains(word, "a.value")}";
    }

    private string Contains(SearchWord word, string column) => _dialect.Contains(column, word.Anywhere, word.Text);

    // The index has the kind in front: it is used when each is named.
    private static string Begins(SqlDialect dialect, string name) => $"{AnyKind} AND {dialect.BeginsWith("a.value", name)}";

    private string Tags(SearchWord word, string clause) => word.IsAddress ? "" :
        clause.Replace("{0}", _dialect.InQuery("ct.tag_id", $"SELECT t.id FROM tags t WHERE {Contains(word, "t.name")}"), StringComparison.Ordinal);

    private static bool IsNumber(string word) => word.Count(char.IsAsciiDigit) >= NumberLength && !word.Any(char.IsLetter);
}

/// <summary>A word of a search, as it was understood when the search was prepared.</summary>
/// <param name="Number">Its place in the search.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Begin">What an address begins with.</param>
/// <param name="Begins">Some address begins so.</param>
/// <param name="IsAddress">It can only be one.</param>
internal sealed record SearchWord(int Number, string Text, string Begin, bool Begins, bool IsAddress)
{
    public string Anywhere => FormattableString.Invariant($"word{Number}");

    public string Beginning => FormattableString.Invariant($"begin{Number}");
}
