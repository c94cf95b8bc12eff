using Broadcasts.Audiences;
using Broadcasts.Contacts.Export;
using Broadcasts.Contacts.Import;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Contacts.Merge;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>A database with its tables, and the stores on it. One per test class.</summary>
public abstract class ContactsFixture : IAsyncLifetime
{
    public static readonly DateTimeOffset Start = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Why the tests of this database can't run here; null when they can.</summary>
    public string? Missing { get; protected set; }

    internal Database Database { get; set; } = null!;

    internal FakeTimeProvider Time { get; } = new(Start);

    internal TagStore Tags => new(Database, Time);

    internal FieldStore Fields => new(Database, Time);

    internal ContactStore Contacts => new(Database, Time, Tags);

    internal ContactQueries Queries => new(Database, Time);

    internal ImportStore Imports => new(Database, Time);

    internal ImportService Import => new(Database, Time, Tags, Imports, Audit, NullLogger<ImportService>.Instance);

    internal ImportUploads Uploads => new(Database, new EngineOptions { DataDirectory = Folder }, Time);

    internal ImportPreviews Previews => new(Database, Uploads, Imports);

    /// <summary>What this class keeps on disk.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("contacts-").FullName;

    internal SegmentStore Segments => new(Database, Time);

    internal SegmentQueries SegmentQueries => new(Database, Time);

    internal AuditStore Audit => new(Database, Time);

    internal SuppressionStore Suppressions => new(Database, Audit, Time);

    internal JobStore Jobs => new(Database, Audit, new EngineOptions(), Time);

    internal JobService JobService => new(Database, Jobs, Fields, new ContactExport(Database, Queries, Fields, Audit), Suppressions, Time);

    internal JobFile JobFile => new(Jobs, Audit, Time);

    internal ContactChanges ContactChanges => new(Database, Contacts, new JobContacts(Database), Tags, Time);

    internal JobRunner Runner => new(
        Database, Jobs, new SafeHold(Database, new EngineOptions(), Audit, Time), ContactChanges, new ContactLines(Database, new JobContacts(Database)), new ConsentLines(Database, new JobContacts(Database)), new SuppressionLines(Suppressions), Time, NullLogger<JobRunner>.Instance);

    internal MergeStore Merges => new(Database, Time, Audit);

    internal DuplicateQueries Duplicates => new(Database, Time);

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    protected void DeleteFolder() => Directory.Delete(Folder, recursive: true);
}

public sealed class SqliteContactsFixture : ContactsFixture
{

    public override ValueTask InitializeAsync()
    {
        Database = new SqliteDatabase(Path.Combine(Folder, "broadcasts.db"));
        Database.Migrate();
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        DeleteFolder();
    }
}

/// <summary>A database of its own on the server that <c>BROADCASTS_TEST_POSTGRES</c> names.</summary>
public sealed class PostgresContactsFixture : ContactsFixture
{
    private readonly string? _server = Environment.GetEnvironmentVariable("BROADCASTS_TEST_POSTGRES");
    private readonly string _name = "contacts_" + Guid.NewGuid().ToString("N");

    public override async ValueTask InitializeAsync()
    {
        if (string.IsNullOrEmpty(_server))
        {
            Missing = "BROADCASTS_TEST_POSTGRES is not set.";
            return;
        }

        await ExecuteAsync($"CREATE DATABASE {_name}");
        Database = new PostgresDatabase(new NpgsqlConnectionStringBuilder(_server) { Database = _name }.ToString());
        Database.Migrate();
    }

    public override async ValueTask DisposeAsync()
    {
        DeleteFolder();
        if (Missing is not null) return;
        await Database.DisposeAsync();
        await ExecuteAsync($"DROP DATABASE {_name} WITH (FORCE)");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_server!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
