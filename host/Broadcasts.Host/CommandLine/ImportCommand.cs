using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts import people.csv</c>.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The CSV file.", HelpName = "FILE" };
        var data = Cli.DataOption();
        var json = Cli.JsonOption();
        var country = new Option<string?>("--country") { Description = "ISO country of telephone numbers without a country code. Default: Broadcasts:DefaultCountry.", HelpName = "CC" };
        var tag = new Option<string[]>("--tag") { Description = "A tag for everybody in the file; may be given more than once.", HelpName = "NAME" };
        var command = new Command("import", "Imports contacts from a CSV file.") { file, data, country, tag, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var path = Cli.ExistingFile(parsed.GetValue(file)!);
            var terminal = new Terminal(TimeProvider.System, parsed.GetValue(json));
            using var service = LocalService.Find(options.Engine.DataDirectory);
            var counts = service is not null
                ? await ThroughAsync(service, path, parsed.GetValue(country), parsed.GetValue(tag) ?? [], cancellationToken)
                : await DirectAsync(options, configuration, path, parsed.GetValue(country), parsed.GetValue(tag) ?? [], terminal, cancellationToken);
            Print(counts, parsed.GetValue(json), terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The file itself, opened to be read once from start to end.</summary>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan | FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{path} can't be read: {e.Message}");
        }
    }

    /// <summary>Imports with a moving line; a file that can't be taken ends the command.</summary>
    public static async Task<ImportResult> RunAsync(IServiceProvider services, string path, ImportOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var content = Open(path);
        var progress = new Moving(terminal);
        var result = await services.GetRequiredService<ImportService>().RunAsync(content, options with { TotalBytes = content.Length }, progress, cancellationToken);
        if (result.Status == ImportStatus.Cancelled) throw new OperationCanceledException(cancellationToken);
        return result.Error is { } error ? throw new StartException($"{path}: {error.Message}") : result;
    }

    private static async Task<ImportCounts> DirectAsync(
        ServiceOptions options, IConfiguration configuration, string path, string? country, string[] tags, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var offline = await Offline.OpenAsync(options, configuration);
        var result = await RunAsync(offline.Services, path,
            new ImportOptions { Name = Path.GetFileName(path), Actor = Cli.Actor, DefaultCountry = country ?? options.Engine.DefaultCountry, Tags = tags }, terminal, cancellationToken);
        return ImportCounts.Of(result);
    }

    private static async Task<ImportCounts> ThroughAsync(LocalService service, string path, string? country, string[] tags, CancellationToken cancellationToken)
    {
        await using var content = Open(path);
        using var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        var query = $"contacts/imports?name={Uri.EscapeDataString(Path.GetFileName(path))}";
        if (country is not null) query += $"&defaultCountry={Uri.EscapeDataString(country)}";
        if (tags.Length > 0) query += $"&tags={Uri.EscapeDataString(string.Join(',', tags))}";
        var answer = await service.PostAsync(query, body, cancellationToken);
        return answer.Deserialize<ImportCounts>(ImportCounts.Json)!;
    }

    private static void Print(ImportCounts counts, bool json, Terminal terminal)
    {
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(counts, ImportCounts.Json));
        else terminal.Say($"{counts.Created:N0} created, {counts.Updated:N0} updated, {counts.Unchanged:N0} unchanged, {counts.Duplicate:N0} duplicate, {counts.Invalid:N0} invalid");
    }

    private sealed class Moving(Terminal terminal) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => terminal.Move(value.DoneBytes, value.TotalBytes, $"{value.Rows:N0} rows, {value.Invalid:N0} invalid");
    }
}

/// <summary>What a machine reads of an import.</summary>
internal sealed record ImportCounts(long Created, long Updated, long Unchanged, long Duplicate, long Invalid)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    public static ImportCounts Of(ImportResult r) => new(r.Created, r.Updated, r.Unchanged, r.Duplicate, r.Invalid);
}
