using System.Data.Common;
using System.Text;

namespace Broadcasts.Storage;

/// <summary>Column types of a set of rows that travels as one JSON parameter.</summary>
internal enum SqlType
{
    BigInt,
    Integer,
    Text,
}

/// <summary>The whole clauses in which the two databases differ. Everything else is one text for both.</summary>
internal abstract class SqlDialect
{
    /// <summary>True on PostgreSQL.</summary>
    public abstract bool IsPostgres { get; }

    /// <summary>Values for the <c>$name$</c> places of the migrations.</summary>
    public abstract IReadOnlyDictionary<string, string> MigrationVariables { get; }

    /// <summary>Contacts that are frozen in one transaction. Where a writer is alone, claims wait for it: some tens of milliseconds.</summary>
    public abstract int FreezeChunk { get; }

    /// <summary>Ends a SELECT that locks its rows until the transaction ends. Empty on SQLite, where a writer is alone.</summary>
    public abstract string ForUpdate { get; }

    /// <summary>Ends a SELECT that keeps others from changing its rows until the transaction ends.</summary>
    public abstract string ForShare { get; }

    /// <summary>A parameter that holds JSON text, as the type of a <c>$json$</c> column.</summary>
    public abstract string ToJson(string parameter);

    /// <summary>The text of a member of a <c>$json$</c> column; null when it is absent.</summary>
    public abstract string JsonText(string column, string parameter);

    /// <summary>Makes transactions with the same key wait for each other's end, when the condition holds; null where writers are alone anyway. Run it first in the transaction: locks that were taken before it could be waited for in a circle.</summary>
    public abstract string? TakeTurns(long key, string condition);

    /// <summary>Lets transactions with the same key run side by side, but none of them beside one that takes turns with it; null where writers are alone anyway. Run it first in the transaction, as that.</summary>
    public abstract string? ShareTurn(long key);

    /// <summary>The name of a Gmail mailbox out of an address column, without what Google passes over: dots and what follows a plus. An index holds this very text.</summary>
    public abstract string GmailKey(string column);

    /// <summary>A condition: the row of addresses is one of a Gmail mailbox.</summary>
    public static string IsGmail(string prefix) => $"{prefix}kind = 1 AND ({prefix}value LIKE '%@gmail.com' OR {prefix}value LIKE '%@googlemail.com')";

    /// <summary>A condition: the column is in the list parameter made by <see cref="List(IReadOnlyCollection{long})"/>.</summary>
    public abstract string InList(string column, string parameter);

    /// <summary>The value of a list parameter.</summary>
    public abstract object List(IReadOnlyCollection<long> values);

    /// <summary>The value of a list parameter.</summary>
    public abstract object List(IReadOnlyCollection<string> values);

    /// <summary>A table expression out of one JSON parameter, an array of arrays in the order of the columns.</summary>
    public abstract string Rows(string parameter, string alias, params (string Name, SqlType Type)[] columns);

    /// <summary>A condition: the column contains the parameter's text, without regard to case. The parameter is made by <see cref="LikePattern"/>.</summary>
    public abstract string Contains(string column, string parameter);

    /// <summary>The same for a text that is known when the SQL is written, with the parameters that <see cref="ContainsValues"/> makes: accented capitals are found, and a plain text faster.</summary>
    public abstract string Contains(string column, string name, string text);

    public virtual IReadOnlyDictionary<string, object> ContainsValues(string name, string text) => new Dictionary<string, object> { [name] = LikePattern(text) };

    /// <summary>The same, twice as fast on PostgreSQL, of a column that holds no capital letters.</summary>
    public abstract string ContainsInLower(string column, string name, string text);

    /// <summary>A condition that an index on the column can answer: it begins with the text of the parameters that <see cref="BeginsWithValues"/> makes.</summary>
    public abstract string BeginsWith(string column, string name);

    /// <summary>Behind every text that begins alike.</summary>
    protected const string LastCharacter = "\U0010FFFF";

    /// <summary>A condition: the column is among the rows of a query of its own, which is asked once and not for each row.</summary>
    public abstract string InQuery(string column, string sql);

    /// <summary>The parameters of <see cref="BeginsWith"/>.</summary>
    public abstract IReadOnlyDictionary<string, object> BeginsWithValues(string name, string text);

    /// <summary>The text with A to Z in lower case and nothing else changed, compared by its bytes: the same in every locale of both databases.</summary>
    public abstract string AsciiLower(string text);

    /// <summary>The number that a text writes in plain decimals (<c>-12.5</c>); null for any other text.</summary>
    public abstract string Number(string text);

    /// <summary>A LIKE pattern that finds the text anywhere, its special characters escaped with a backslash.</summary>
    public static string LikePattern(string text) =>
        "%" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%";

    /// <summary>Refreshes what the planner knows of a table that may have more than doubled since it looked; null where that is not needed.</summary>
    public abstract string? Analyze(string table);

    /// <summary>True for faults that a new try of the same transaction can mend: a deadlock, a serialization failure.</summary>
    public abstract bool IsTransient(DbException exception);

    /// <summary>True when the data itself was refused: trying the same rows again can't help. Everything else is an outage that may pass.</summary>
    public abstract bool IsDataError(DbException exception);

    /// <summary>True when the disk is full.</summary>
    public abstract bool IsDiskFull(DbException exception);

    /// <summary>True when a unique key refused the row.</summary>
    public abstract bool IsUniqueViolation(DbException exception);

    private protected static string Columns((string Name, SqlType Type)[] columns, Func<int, (string Name, SqlType Type), string> write)
    {
        var text = new StringBuilder();
        for (var i = 0; i < columns.Length; i++)
        {
            if (i > 0) text.Append(", ");
            text.Append(write(i, columns[i]));
        }

        return text.ToString();
    }
}
