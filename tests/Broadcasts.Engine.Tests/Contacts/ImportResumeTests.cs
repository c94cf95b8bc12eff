using System.Globalization;
using System.Text;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Dapper;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>Imports that end early and go on: by themselves, by a person, or not at all.</summary>
public abstract class ImportResumeTests
{
    private const int Rows = 12_000;

    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "r" + Guid.NewGuid().ToString("N")[..10];
    private readonly ApplicationLifetime _life = new(NullLogger<ApplicationLifetime>.Instance);

    protected ImportResumeTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task ResumeAsync_StoppedInTheMiddle_EndsAsIfNothingHadHappened()
    {
        await ImportAsync($"email,city {_tag}\n{_tag}7@example.com,Vigo\n{_tag}9000@example.com,city 9000\n");
        var (upload, import) = await StopAsync(People());
        Assert.Equal((ImportStatus.Interrupted, "interruptedKept", (long)ImportRun.RowsPerBatch), (import.Status, import.ErrorCode, import.Rows));

        await Jobs().ResumeAsync(_ct);

        var whole = await GetAsync(import.Id);
        // Of two who were there one changes; 11 rows repeat two people, one repeats somebody of before the stop; 11 are broken, nine are past the most tags.
        Assert.Equal((ImportStatus.Completed, 11_966L, 1L, 1L, 12L, 20L), (whole.Status, whole.Created, whole.Updated, whole.Unchanged, whole.Duplicate, whole.Invalid));
        Assert.Equal(Rows, whole.Rows);
        Assert.Equal((whole.TotalBytes, Hash(People())), (whole.DoneBytes, whole.FileSha256));
        var errors = await _f.Imports.ErrorsAsync(import.Id, 0, 100, _ct);
        Assert.Equal([.. Enumerable.Range(0, 11).Select(n => n * 1_000L + 3), .. Enumerable.Range(11_993, 9).Select(n => (long)n)], errors.Select(e => e.RowNumber).Order());
        Assert.Equal(9, errors.Count(e => e.Code == "tooManyTags"));
        Assert.Equal(11_968, await CountAsync());
        Assert.Single(await _f.Fields.ListAsync(_ct), f => f.Name == $"city {_tag}");
        Assert.Null(await _f.Uploads.GetAsync(upload.File, _ct));
        Assert.False(_f.Uploads.IsHere(upload));
        Assert.Equal($"{ImportRun.RowsPerBatch} rows were counted", Assert.Single(await _f.Audit.ListAsync(new AuditFilter { Subject = $"import:{import.Id}", Action = "import.continued" }, cancellationToken: _ct)).Detail);

        var (undone, _) = await Undo.RunAsync(import.Id, "test", _ct);
        Assert.Equal((11_966, 1), (undone[UndoOutcome.Deleted], undone[UndoOutcome.Restored]));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task ResumeAsync_WhatOthersDidMeanwhile_ChangesNoColumn()
    {
        var (_, import) = await StopAsync("email,town " + _tag + "\n" + Emails());
        var field = (await _f.Fields.ListAsync(_ct)).Single(f => f.Name == "town " + _tag);
        await _f.Fields.DeleteAsync(field.Id, "test", _ct);

        await Jobs().ResumeAsync(_ct);

        Assert.Equal((ImportStatus.Completed, (long)Rows), ((await GetAsync(import.Id)).Status, (await GetAsync(import.Id)).Created));
        Assert.Equal(field.Slug, (await _f.Fields.ListAsync(_ct)).Single(f => f.Name == "town " + _tag).Slug);
    }

    [Fact]
    public async Task ResumeAsync_AFileThatEndsTheProcessEachTime_IsLeftAfterThreeTries()
    {
        var (_, import) = await StopAsync("email\n" + Emails());
        for (var i = 0; i < ImportStore.MostTries; i++)
        {
            // The process takes it up and is gone before another batch is in.
            Assert.True(await _f.Database.WriteAsync(t => ImportStore.ContinueAsync(t, import.Id, import.Upload!, byItself: true), _ct));
            await _f.Import.MarkInterruptedAsync(_ct);
        }

        Assert.Equal((ImportStatus.Interrupted, "interruptedOften"), ((await GetAsync(import.Id)).Status, (await GetAsync(import.Id)).ErrorCode));
        await Jobs().ResumeAsync(_ct);
        Assert.Equal(ImportStatus.Interrupted, (await GetAsync(import.Id)).Status);

        await ContinueAsync(import.Id);
        Assert.Equal((ImportStatus.Completed, (long)Rows), ((await GetAsync(import.Id)).Status, (await GetAsync(import.Id)).Created));
    }

    [Fact]
    public async Task ContinueAsync_CancelledImport_IsNotBegunByItselfButByAPerson()
    {
        var upload = await KeepAsync("email\n" + Emails());
        using var cancel = new CancellationTokenSource();
        ImportResult cancelled;
        await using (var content = _f.Uploads.Open(upload.File))
            cancelled = await _f.Import.RunAsync(content, Options(upload), new Reports(p => { if (p.Rows > 0) cancel.Cancel(); }), cancel.Token);
        Assert.Equal(ImportStatus.Cancelled, cancelled.Status);
        await Jobs().ResumeAsync(_ct);
        Assert.Equal(ImportStatus.Cancelled, (await GetAsync(cancelled.Id)).Status);

        await ContinueAsync(cancelled.Id);

        Assert.Equal((ImportStatus.Completed, (long)Rows), ((await GetAsync(cancelled.Id)).Status, (await GetAsync(cancelled.Id)).Created));
        Assert.Equal("importEnded", Assert.Single((await Jobs().ContinueAsync(cancelled.Id, "test", _ct)).Problems).Code);
    }

    [Fact]
    public async Task ContinueAsync_TrialThatWasStopped_BeginsAgainAndCountsTheSame()
    {
        var (_, import) = await StopAsync(People(), o => o with { IsTrial = true });

        await Jobs().ResumeAsync(_ct);

        var whole = await GetAsync(import.Id);
        Assert.Equal((ImportStatus.Completed, 11_968L, 12L, 20L), (whole.Status, whole.Created, whole.Duplicate, whole.Invalid));
        Assert.Equal(20, (await _f.Imports.ErrorsAsync(import.Id, 0, 100, _ct)).Count);
        Assert.Equal(0, await CountAsync());
        Assert.NotNull(await _f.Uploads.GetAsync(import.Upload, _ct));
    }

    [Fact]
    public async Task ContinueAsync_FileElsewhereGoneOrTakenBack_IsRefusedAndSaysWhy()
    {
        var (upload, import) = await StopAsync("email\n" + Emails());
        var other = new ImportUploads(_f.Database, new EngineOptions { DataDirectory = Path.Combine(_f.Folder, "other") }, _f.Time);
        var refusal = await Jobs(other).ContinueAsync(import.Id, "test", _ct);
        Assert.Equal("uploadElsewhere", Assert.Single(refusal.Problems).Code);
        Assert.Contains(upload.HeldBy, refusal.Message, StringComparison.Ordinal);
        await Jobs(other).ResumeAsync(_ct);
        Assert.Equal(ImportStatus.Interrupted, (await GetAsync(import.Id)).Status);

        // Taken back in the process that does not have the file: the one that has it deletes it at its next look.
        await new ImportUndo(_f.Database, _f.Time, _f.Imports, other, _f.Audit).RunAsync(import.Id, "test", _ct);
        Assert.True(_f.Uploads.IsHere(upload));
        await _f.Uploads.SweepAsync(_ct);
        Assert.False(_f.Uploads.IsHere(upload));
        Assert.Equal("importEnded", Assert.Single((await Jobs().ContinueAsync(import.Id, "test", _ct)).Problems).Code);
    }

    [Fact]
    public async Task SweepAsync_OldFilesAndThoseOfNobody_AreDeleted()
    {
        var (waiting, running) = (await KeepAsync("email\n"), await KeepAsync("email\n"));
        await _f.Database.WriteAsync(t => _f.Imports.InsertAsync(t, Options(running)), _ct);
        var stray = Path.Combine(_f.Folder, "uploads", "left-by-a-dead-process");
        await File.WriteAllTextAsync(stray, "email\n", _ct);

        await _f.Uploads.SweepAsync(_ct);
        Assert.Equal((true, false), (_f.Uploads.IsHere(waiting), File.Exists(stray)));

        _f.Time.Advance(ImportUploads.KeptFor + TimeSpan.FromMinutes(1));
        await _f.Uploads.SweepAsync(_ct);
        Assert.Equal((false, true), (_f.Uploads.IsHere(waiting), _f.Uploads.IsHere(running)));
        Assert.Null(await _f.Uploads.GetAsync(waiting.File, _ct));
    }

    [Fact]
    public async Task StartAsync_TheSameFileTwice_ImportsOnce()
    {
        var upload = await KeepAsync("email\n" + Emails());
        var jobs = Jobs();
        using (var turn = jobs.TryEnter())
        using (var other = jobs.TryEnter())
            Assert.Equal("tooManyImports", (await jobs.StartAsync(upload, Options(upload))).Error!.Code);

        ImportResult[] results = await Task.WhenAll(jobs.StartAsync(upload, Options(upload)), jobs.StartAsync(upload, Options(upload)));

        Assert.Equal("uploadTaken", Assert.Single(results, r => r.Error is not null).Error!.Code);
        await jobs.IdleAsync(_ct);
        Assert.Equal(Rows, await CountAsync());
    }

    // Twelve thousand people: every thousandth row is broken, some are doubled, the last nine have one tag too many.
    private string People()
    {
        var file = new StringBuilder($"email,city {_tag},tags\n");
        for (var i = 1; i <= Rows; i++)
        {
            var email = i % 1_000 == 2 && i < 10_100 ? "broken" : i % 1_000 == 3 && i > 3 ? $"{_tag}{(i < 6_000 ? 3 : 7)}@example.com" : i == 11_500 ? $"{_tag}100@example.com" : $"{_tag}{i}@example.com";
            var tag = i <= ImportRowReader.MostTags ? $"{_tag}-{i}" : i > Rows - 9 ? $"{_tag}-more" : "";
            file.Append(CultureInfo.InvariantCulture, $"{email},{(i == 7 ? "Lugo" : $"city {i}")},{tag}\n");
        }

        return file.ToString();
    }

    private string Emails() => string.Concat(Enumerable.Range(0, Rows).Select(i => $"{_tag}{i}@example.com\n"));

    private static string Hash(string file) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(file)));

    // Begun by a process that is asked to end as soon as a batch is in.
    private async Task<(ImportUpload Upload, ImportDetails Import)> StopAsync(string file, Func<ImportOptions, ImportOptions>? change = null)
    {
        // What another test left waiting would go on here.
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE imports SET upload = NULL WHERE status <> 0", transaction: t), _ct);
        var upload = await KeepAsync(file);
        using var stop = new CancellationTokenSource();
        await using var content = _f.Uploads.Open(upload.File);
        var options = (change ?? (o => o))(Options(upload));
        var result = await _f.Import.RunAsync(content, options, new Reports(p => { if (p.Rows > 0) stop.Cancel(); }), CancellationToken.None, stop.Token);
        Assert.Equal(ImportStatus.Interrupted, result.Status);
        return (upload, await GetAsync(result.Id));
    }

    private async Task<ImportUpload> KeepAsync(string file)
    {
        var (upload, problem) = await _f.Uploads.KeepAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), "people.csv", "test", _ct);
        Assert.Null(problem);
        return upload!;
    }

    private static ImportOptions Options(ImportUpload upload) =>
        new() { Name = upload.Name, Actor = "test", ConsentSource = "test", Upload = upload.File, TotalBytes = upload.Bytes };

    private ImportJobs Jobs(ImportUploads? uploads = null) => new(_f.Import, _f.Imports, uploads ?? _f.Uploads, _life, NullLogger<ImportJobs>.Instance);

    private ImportUndo Undo => new(_f.Database, _f.Time, _f.Imports, _f.Uploads, _f.Audit);

    private async Task ContinueAsync(long id)
    {
        var jobs = Jobs();
        var result = await jobs.ContinueAsync(id, "test", _ct);
        Assert.True(result.IsDone, result.Message);
        await jobs.IdleAsync(_ct);
    }

    private Task<ImportResult> ImportAsync(string file) =>
        _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "before.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);

    private async Task<ImportDetails> GetAsync(long id) => (await _f.Imports.GetAsync(id, _ct))!;

    private async Task<long> CountAsync()
    {
        await using var connection = await _f.Database.OpenReadAsync(_ct);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM addresses WHERE value LIKE @like", new { like = _tag + "%" });
    }

    private sealed class Reports(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}

public sealed class SqliteImportResumeTests(SqliteContactsFixture fixture) : ImportResumeTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresImportResumeTests(PostgresContactsFixture fixture) : ImportResumeTests(fixture), IClassFixture<PostgresContactsFixture>;
