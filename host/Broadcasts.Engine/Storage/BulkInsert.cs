using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;
using SQLitePCL;

namespace Broadcasts.Storage;

/// <summary>Column types of a bulk insert.</summary>
internal enum BulkType
{
    SmallInt,
    Integer,
    BigInt,
    Text,
    Json,
}

/// <summary>Inserts many rows into one table inside a transaction: COPY on PostgreSQL, one prepared statement on SQLite.</summary>
/// <remarks>Write the columns of a row in order, end the row; complete after the last. One at a time per connection.</remarks>
internal abstract class BulkInsert : IDisposable
{
    public static BulkInsert Into(DbTransaction transaction, string table, params (string Name, BulkType Type)[] columns) => transaction.Connection switch
    {
        SqliteConnection sqlite => new Sqlite(sqlite, table, columns),
        NpgsqlConnection postgres => new Postgres(postgres, table, columns),
        _ => throw new ArgumentException("The transaction has no connection of a known database.", nameof(transaction)),
    };

    public abstract void Write(long value);

    public abstract void Write(string? value);

    /// <summary>A text in UTF-8, which may change afterwards.</summary>
    public abstract void Write(ReadOnlyMemory<byte> utf8);

    public abstract void EndRow();

    public abstract void Complete();

    public abstract void Dispose();

    private static string Names((string Name, BulkType Type)[] columns) => string.Join(", ", columns.Select(c => c.Name));

    // Below Microsoft.Data.Sqlite's commands, which look up every parameter by name for every row: several times the speed for what imports do.
    private sealed class Sqlite : BulkInsert
    {
        private const int RowsPerStatement = 50;

        private readonly sqlite3 _database;
        private readonly string _table;
        private readonly (string Name, BulkType Type)[] _columns;
        private readonly List<Value> _values;
        private readonly sqlite3_stmt _many;
        private byte[] _utf8 = new byte[1024];
        private byte[] _kept = new byte[1 << 14];
        private int _used;

        public Sqlite(SqliteConnection connection, string table, (string Name, BulkType Type)[] columns)
        {
            _database = connection.Handle!;
            _table = table;
            _columns = columns;
            _values = new List<Value>(RowsPerStatement * columns.Length);
            _many = Prepare(RowsPerStatement);
        }

        public override void Write(long value) => _values.Add(new Value(Kind.Number, value, null));

        public override void Write(string? value) => _values.Add(new Value(Kind.Text, 0, value));

        public override void Write(ReadOnlyMemory<byte> utf8)
        {
            if (_kept.Length - _used < utf8.Length) Array.Resize(ref _kept, Math.Max(_kept.Length * 2, _used + utf8.Length));
            utf8.Span.CopyTo(_kept.AsSpan(_used));
            _values.Add(new Value(Kind.Utf8, ((long)_used << 32) | (uint)utf8.Length, null));
            _used += utf8.Length;
        }

        // Fifty rows in one statement: the cost of a statement, and of AUTOINCREMENT's own table, comes once for all.
        public override void EndRow()
        {
            if (_values.Count == RowsPerStatement * _columns.Length) Execute(_many);
        }

        public override void Complete()
        {
            if (_values.Count == 0) return;
            using var rest = Prepare(_values.Count / _columns.Length);
            Execute(rest);
        }

        public override void Dispose() => _many.Dispose();

        private sqlite3_stmt Prepare(int rows)
        {
            var row = "(" + string.Join(", ", Enumerable.Repeat("?", _columns.Length)) + ")";
            // Not ABORT, for which every page that fifty rows touch would be copied first: whoever fails here rolls the transaction back.
            var sql = $"INSERT OR FAIL INTO {_table} ({Names(_columns)}) VALUES {string.Join(", ", Enumerable.Repeat(row, rows))}";
            SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, sql, out var statement), _database);
            return statement;
        }

        private void Execute(sqlite3_stmt statement)
        {
            for (var i = 0; i < _values.Count; i++) Bind(statement, i + 1, _values[i]);
            _values.Clear();
            _used = 0;
            var code = raw.sqlite3_step(statement);
            if (code != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(code, _database);
            raw.sqlite3_reset(statement);
        }

        private void Bind(sqlite3_stmt statement, int place, Value value)
        {
            if (value.Kind == Kind.Number)
            {
                raw.sqlite3_bind_int64(statement, place, value.Number);
                return;
            }

            if (value.Kind == Kind.Utf8)
            {
                raw.sqlite3_bind_text(statement, place, _kept.AsSpan((int)(value.Number >> 32), (int)(uint)value.Number));
                return;
            }

            if (value.Text is not { } text)
            {
                raw.sqlite3_bind_null(statement, place);
                return;
            }

            var most = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (most > _utf8.Length) _utf8 = new byte[most];
            raw.sqlite3_bind_text(statement, place, _utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, _utf8)));
        }

        private enum Kind
        {
            Number,
            Text,
            Utf8,
        }

        // Of bytes the number says where they are kept: the place above, the length below.
        private readonly record struct Value(Kind Kind, long Number, string? Text);
    }

    private sealed class Postgres : BulkInsert
    {
        private readonly NpgsqlBinaryImporter _copy;
        private readonly (string Name, BulkType Type)[] _columns;
        private int _column;

        public Postgres(NpgsqlConnection connection, string table, (string Name, BulkType Type)[] columns)
        {
            _columns = columns;
            _copy = connection.BeginBinaryImport($"COPY {table} ({Names(columns)}) FROM STDIN (FORMAT BINARY)");
        }

        public override void Write(long value)
        {
            Begin();
            switch (_columns[_column++].Type)
            {
                case BulkType.SmallInt:
                    _copy.Write((short)value, NpgsqlDbType.Smallint);
                    break;
                case BulkType.Integer:
                    _copy.Write((int)value, NpgsqlDbType.Integer);
                    break;
                default:
                    _copy.Write(value, NpgsqlDbType.Bigint);
                    break;
            }
        }

        public override void Write(string? value)
        {
            Begin();
            if (value is null) _copy.WriteNull();
            else _copy.Write(value, _columns[_column].Type == BulkType.Json ? NpgsqlDbType.Jsonb : NpgsqlDbType.Text);
            _column++;
        }

        public override void Write(ReadOnlyMemory<byte> utf8)
        {
            Begin();
            _copy.Write(utf8, _columns[_column++].Type == BulkType.Json ? NpgsqlDbType.Jsonb : NpgsqlDbType.Text);
        }

        public override void EndRow() => _column = 0;

        public override void Complete() => _copy.Complete();

        // Not completed: the COPY is cancelled, and the transaction with it.
        public override void Dispose() => _copy.Dispose();

        private void Begin()
        {
            if (_column == 0) _copy.StartRow();
        }
    }
}
