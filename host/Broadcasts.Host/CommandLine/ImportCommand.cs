using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts import people.csv</c>.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The file.", HelpName = "FILE" };
        var data = Cli.DataOption();
        var json = Cli.JsonOption();
        var country = new Option<string?>("--country") { Description = "ISO country of telephone numbers without a country code. Default: Broadcasts:DefaultCountry.", HelpName = "CC" };
        var tag = new Option<string[]>("--tag") { Description = "A tag for everybody in the file; may be given more than once.", HelpName = "NAME" };
        var purpose = new Option<string>("--purpose") { Description = "What it may do: add, update or both. Default: both.", HelpName = "WORD", DefaultValueFactory = _ => "both" };
        purpose.AcceptOnlyFromAmong("add", "update", "both");
        var identifier = new Option<string?>("--identifier") { Description = "The kind of address by which a contact is known: email, phone and so on. Default: any.", HelpName = "KIND" };
        identifier.AcceptOnlyFromAmong([.. Enum.GetValues<AddressKind>().Select(k => k.Name())]);
        var blanks = new Option<bool>("--overwrite-with-blank") { Description = "A blank cell clears what the contact has there." };
        var confirm = new Option<bool>("--must-confirm") { Description = "New addresses get nothing until their owner has confirmed (double opt-in)." };
        var trial = new Option<bool>("--dry-run") { Description = "Counts what would become of the rows and writes nobody." };
        var consent = new Option<string?>("--consent-source") { Description = "Where these people agreed to be written to, such as 'web form 2026'. Needed, except with --dry-run.", HelpName = "TEXT" };
        var command = new Command("import", "Imports contacts from a CSV file or an Excel workbook.") { file, data, country, tag, purpose, identifier, blanks, confirm, trial, consent, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var request = new ImportRequest(Cli.ExistingFile(parsed.GetValue(file)!), parsed.GetValue(country), parsed.GetValue(tag) ?? [], parsed.GetValue(json))
            {
                Purpose = parsed.GetValue(purpose)!,
                Identifier = parsed.GetValue(identifier),
                OverwriteWithBlank = parsed.GetValue(blanks),
                MustConfirm = parsed.GetValue(confirm),
                IsTrial = parsed.GetValue(trial),
                ConsentSource = parsed.GetValue(consent),
            };
            Check(request);
            var terminal = new Terminal(TimeProvider.System, request.IsJson);
            using var service = LocalService.Find(options.Engine.DataDirectory);
            if (service is not null) await ThroughAsync(service, request, terminal, cancellationToken);
            else await DirectAsync(options, configuration, request, terminal, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Check(ImportRequest request)
    {
        if (request.Country is { } country && !PhoneAddress.IsCountry(country)) throw new StartException($"--country: '{country}' is no country code. Write two letters such as ES.", ExitCodes.Usage);
        foreach (var tag in request.Tags)
            if (TagStore.Check(tag, "--tag") is { } wrong) throw new StartException($"--tag: {wrong.Message}", ExitCodes.Usage);
        if (!request.IsTrial && string.IsNullOrWhiteSpace(request.ConsentSource)) throw new StartException("--consent-source: say where these people agreed to be written to, such as --consent-source \"web form 2026\".", ExitCodes.Usage);
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

    /// <summary>Imports with a moving line. A stop in the middle is recorded as an interruption: what was counted is in.</summary>
    public static async Task<ImportResult> RunAsync(IServiceProvider services, string path, ImportOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var content = Open(path);
        var progress = new Moving(terminal);
        // A pipe has no length.
        return await services.GetRequiredService<ImportService>().RunAsync(content, options with { TotalBytes = content.CanSeek ? content.Length : null }, progress, stopping: cancellationToken);
    }

    /// <summary>The first invalid rows, and where all of them are.</summary>
    public static async Task SayInvalidAsync(IServiceProvider services, ImportResult result, Terminal terminal)
    {
        const int Shown = 10;
        if (result.Invalid == 0) return;
        var errors = await services.GetRequiredService<ImportStore>().ErrorsAsync(result.Id, 0, Shown, CancellationToken.None);
        foreach (var error in errors)
            terminal.Say($"  row {error.RowNumber}{(error.Field.Length > 0 ? $", {error.Field}" : "")}{(string.IsNullOrEmpty(error.Value) ? "" : $" '{error.Value}'")}: {error.Reason}");
        if (result.Invalid > errors.Count) terminal.Say($"  and more: the whole list is in the console, Contacts, Import {result.Id}.");
    }

    private static async Task DirectAsync(ServiceOptions options, IConfiguration configuration, ImportRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var offline = await Offline.OpenAsync(options, configuration);
        var result = await RunAsync(offline.Services, request.Path, new ImportOptions
        {
            Name = Path.GetFileName(request.Path),
            Actor = Cli.Actor,
            DefaultCountry = request.Country ?? options.Engine.DefaultCountry,
            Tags = request.Tags,
            Purpose = request.Purpose switch { "add" => ImportPurpose.Add, "update" => ImportPurpose.Update, _ => ImportPurpose.AddAndUpdate },
            Identifier = AddressKindNames.Parse(request.Identifier),
            OverwriteWithBlank = request.OverwriteWithBlank,
            MustConfirm = request.MustConfirm,
            IsTrial = request.IsTrial,
            ConsentSource = request.ConsentSource,
        }, terminal, cancellationToken);
        // Also of one that ended in the middle: what was counted is in.
        if (result.Id != 0) Print(ImportCounts.Of(result), request, terminal);
        await SayInvalidAsync(offline.Services, result, terminal);
        if (result.Status is ImportStatus.Cancelled or ImportStatus.Interrupted) throw new StartException($"Stopped after {result.Rows:N0} rows, which are in. Import the same file again for the rest.");
        if (result.Error is { } error) throw new StartException($"{request.Path}: {error.Message}");
    }

    private static async Task ThroughAsync(LocalService service, ImportRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var content = Open(request.Path);
        using var body = new StreamContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        var query = $"contacts/imports?name={Uri.EscapeDataString(Path.GetFileName(request.Path))}";
        query += $"&purpose={request.Purpose}&dryRun={(request.IsTrial ? "true" : "false")}&overwriteWithBlank={(request.OverwriteWithBlank ? "true" : "false")}";
        if (request.MustConfirm) query += "&mustConfirm=true";
        if (request.ConsentSource is { } source) query += $"&consentSource={Uri.EscapeDataString(source)}";
        if (request.Identifier is not null) query += $"&identifier={request.Identifier}";
        if (request.Country is not null) query += $"&defaultCountry={Uri.EscapeDataString(request.Country)}";
        if (request.Tags.Length > 0) query += $"&tags={Uri.EscapeDataString(string.Join(',', request.Tags))}";
        try
        {
            Print(await service.PostAsync(query, body, cancellationToken));
        }
        catch (ServiceRefusal refusal)
        {
            if (refusal.Find("import") is { } import) Print(import);
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new StartException("Stopped. The service keeps the rows that it has counted; import the same file again for the rest.");
        }

        void Print(JsonElement answer)
        {
            var counts = answer.Deserialize<ImportCounts>(ImportCounts.Json)!;
            ImportCommand.Print(counts, request, terminal);
            if (counts.Invalid > 0) terminal.Say($"  The invalid rows are listed in the console, Contacts, Import {answer.GetProperty("id")}.");
        }
    }

    private static void Print(ImportCounts counts, ImportRequest request, Terminal terminal)
    {
        if (request.IsJson) Console.Out.WriteLine(JsonSerializer.Serialize(counts, ImportCounts.Json));
        else terminal.Say($"{(request.IsTrial ? "Nobody is written. It would be: " : "")}{counts.Created:N0} created, {counts.Updated:N0} updated, {counts.Unchanged:N0} unchanged, {counts.Duplicate:N0} duplicate, {counts.Invalid:N0} invalid");
    }

    private sealed class Moving(Terminal terminal) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => terminal.Move(value.DoneBytes, value.TotalBytes, $"{value.Rows:N0} rows, {value.Invalid:N0} invalid");
    }
}

/// <summary>What a caller of <c>broadcasts import</c> asked for.</summary>
internal sealed record ImportRequest(string Path, string? Country, string[] Tags, bool IsJson)
{
    public string Purpose { get; init; } = "both";

    public string? Identifier { get; init; }

    public bool OverwriteWithBlank { get; init; }

    public bool MustConfirm { get; init; }

    public bool IsTrial { get; init; }

    public string? ConsentSource { get; init; }
}

/// <summary>What a machine reads of an import.</summary>
internal sealed record ImportCounts(long Created, long Updated, long Unchanged, long Duplicate, long Invalid)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    public static ImportCounts Of(ImportResult r) => new(r.Created, r.Updated, r.Unchanged, r.Duplicate, r.Invalid);
}
