using System.Data.Common;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Storage;

internal sealed class SqliteDialect : SqlDialect
{
    private const int Full = 13;
    private const int Busy = 5;
    private const int Error = 1;
    private const int Constraint = 19;
    private const int Mismatch = 20;
    private const int ConstraintUnique = 2067;
    private const int ConstraintPrimaryKey = 1555;

    public override bool IsPostgres => false;

    public override IReadOnlyDictionary<string, string> MigrationVariables => new Dictionary<string, string>
    {
        ["gmail_key"] = GmailKey("value"),
        ["is_gmail"] = IsGmail(""),
        ["drop_address_key"] = "SELECT 1",
        ["identity"] = "INTEGER PRIMARY KEY AUTOINCREMENT",
        ["json"] = "TEXT",
        ["bytes"] = "BLOB",
        ["vacuum_often"] = "",
        ["without_rowid"] = "WITHOUT ROWID",
        ["keep_audit"] = KeepAudit,
    };

    private const string KeepAudit = """
        CREATE TRIGGER audit_placed BEFORE INSERT ON audit WHEN NEW.hash IS NULL BEGIN SELECT RAISE(ABORT, 'An entry of the audit has its place in the chain.'); END;
        CREATE TRIGGER audit_kept BEFORE UPDATE ON audit WHEN OLD.hash IS NOT NULL BEGIN SELECT RAISE(ABORT, 'Entries of the audit are not changed.'); END;
        CREATE TRIGGER audit_whole BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'Entries of the audit are not deleted.'); END
        """;

    public override int FreezeChunk => 1_000;

    public override string ForUpdate => "";

    public override string? TakeTurns(long key, string condition) => null;

    public override string? ShareTurn(long key) => null;

    public override string GmailKey(string column) => $"replace(substr({column}, 1, instr(replace({column}, '@', '+'), '+') - 1), '.', '')";

    public override string ForShare => "";

    public override string ToJson(string parameter) => parameter;

    public override string JsonText(string column, string parameter) => $"({column} ->> {parameter})";

    public override string InList(string column, string parameter) => $"{column} IN (SELECT value FROM json_each({parameter}))";

    public override object List(IReadOnlyCollection<long> values) => JsonSerializer.Serialize(values);

    public override object List(IReadOnlyCollection<string> values) => JsonSerializer.Serialize(values);

    public override string Rows(string parameter, string alias, params (string Name, SqlType Type)[] columns) =>
        $"(SELECT {Columns(columns, (i, c) => $"value ->> {i} AS {c.Name}")} FROM json_each({parameter})) AS {alias}";

    // LIKE folds ASCII only on SQLite; other letters are compared as they are.
    public override string Contains(string column, string parameter) => $"{column} LIKE {parameter} ESCAPE '\\'";

    // LIKE knows the capitals of the alphabet alone; GLOB knows none, but takes [Óó] for a letter, at twice the time: it looks at what LIKE leaves.
    public override string Contains(string column, string name, string text) =>
        Ascii.IsValid(text) ? Contains(column, "@" + name) : $"({Contains(column, $"@{name}_about")} AND {column} GLOB @{name}_exactly)";

    public override string ContainsInLower(string column, string name, string text) => Contains(column, "@" + name);

    public override IReadOnlyDictionary<string, object> ContainsValues(string name, string text)
    {
        var values = new Dictionary<string, object> { [name] = LikePattern(text.ToLowerInvariant()) };
        if (Ascii.IsValid(text)) return values;
        values[name + "_about"] = string.Concat(LikePattern(text).EnumerateRunes().Select(r => r.IsAscii ? r.ToString() : "_"));
        values[name + "_exactly"] = $"*{string.Concat(text.EnumerateRunes().Select(AnyCase))}*";
        return values;
    }

    private static string AnyCase(Rune letter)
    {
        var (lower, upper) = (Rune.ToLowerInvariant(letter), Rune.ToUpperInvariant(letter));
        return lower != upper ? $"[{lower}{upper}]" : letter.Value is '*' or '?' or '[' ? $"[{letter}]" : letter.ToString();
    }

    public override string InQuery(string column, string sql) => $"{column} IN ({sql})";

    // LIKE would not use an index that compares bytes.
    public override string BeginsWith(string column, string name) => $"{column} >= @{name} AND {column} < @{name}_end";

    public override IReadOnlyDictionary<string, object> BeginsWithValues(string name, string text) => new Dictionary<string, object> { [name] = text, [name + "_end"] = text + LastCharacter };

    public override string AsciiLower(string text) => $"lower({text})";

    // Out of digits, dots and dashes JSON makes exactly the plain decimal numbers.
    public override string Number(string text) =>
        $"CASE WHEN {text} NOT GLOB '*[^0-9.-]*' AND length({text}) <= 40 AND json_valid({text}) THEN CAST({text} AS REAL) END";

    public override string? Analyze(string table) => null;

    public override bool IsTransient(DbException exception) => exception is SqliteException { SqliteErrorCode: Busy };

    public override bool IsDataError(DbException exception) => exception is SqliteException { SqliteErrorCode: Constraint or Mismatch or Error };

    public override bool IsDiskFull(DbException exception) => exception is SqliteException { SqliteErrorCode: Full };

    public override bool IsUniqueViolation(DbException exception) =>
        exception is SqliteException { SqliteExtendedErrorCode: ConstraintUnique or ConstraintPrimaryKey };
}
