using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Broadcasts.Host.Api;

/// <summary>An import as the API tells it: rows = created + updated + unchanged + duplicate + invalid.</summary>
internal sealed record ImportAnswer(
    long Id, string Name, ImportStatus Status, bool DryRun, string? ConsentSource, long Created, long Updated, long Unchanged, long Duplicate, long Invalid, string? Error, DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt, DateTimeOffset? UndoneAt)
{
    public static ImportAnswer Of(ImportDetails i) => new(
        i.Id, i.Name, i.Status, i.IsTrial, i.ConsentSource, i.Created, i.Updated, i.Unchanged, i.Duplicate, i.Invalid, i.Error, Times.Of(i.StartedAt), Times.Of(i.FinishedAt), Times.Of(i.UndoneAt));
}

/// <summary>What became of an import's contacts when it was taken back.</summary>
/// <param name="Deleted">Made by it, and nothing else has happened to them.</param>
/// <param name="Restored">Changed by it, and now as before.</param>
/// <param name="Changed">Kept: somebody changed or blocked them since.</param>
/// <param name="Written">Kept: they are in a broadcast or got a message.</param>
/// <param name="Heard">Kept: they wrote or clicked.</param>
/// <param name="Imported">Kept: a later import holds them too.</param>
/// <param name="Gone">Deleted before.</param>
internal sealed record UndoAnswer(long Deleted, long Restored, long Changed, long Written, long Heard, long Imported, long Gone)
{
    public static UndoAnswer Of(UndoCounts c) => new(
        c[UndoOutcome.Deleted], c[UndoOutcome.Restored], c[UndoOutcome.Changed], c[UndoOutcome.Written], c[UndoOutcome.Heard], c[UndoOutcome.Imported], c[UndoOutcome.Gone]);
}

/// <summary>What the query of an import says.</summary>
internal sealed class ImportQuery
{
    public string? Name { get; init; }

    /// <summary>Where these people agreed to be written to, such as "web form 2026". Needed.</summary>
    public string? ConsentSource { get; init; }

    /// <summary>Counts only; nobody is written.</summary>
    public bool? DryRun { get; init; }

    /// <summary>A blank cell clears what the contact has there.</summary>
    public bool? OverwriteWithBlank { get; init; }

    /// <summary>New addresses get nothing until their owner has confirmed.</summary>
    public bool? MustConfirm { get; init; }

    /// <summary>both (or addAndUpdate), add or update.</summary>
    public string? Purpose { get; init; }

    /// <summary>Kind of address that tells whether a contact exists; without it any.</summary>
    public string? Identifier { get; init; }

    public string? DefaultCountry { get; init; }

    /// <summary>Tags for everybody in the file, separated by commas.</summary>
    public string? Tags { get; init; }

    /// <summary>JSON object: header → meaning.</summary>
    public string? Mapping { get; init; }

    public string? Delimiter { get; init; }

    public string? Encoding { get; init; }

    public bool? CreateFields { get; init; }

    /// <summary>The id of a file that was uploaded before; the body is empty then.</summary>
    public string? Upload { get; init; }
}

/// <summary>Files become contacts.</summary>
internal static class ImportsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts/imports").WithTags("Imports");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<ImportAnswer>>();
        group.MapPost("", ImportAsync).Needs(Permission.EditContacts).Produces<ImportAnswer>(StatusCodes.Status201Created).WithSummary("The file as a text/csv body, or as the first file of a multipart form");
        ImportUploadsApi.Map(group);
        group.MapGet("{id:long}", async (long id, ImportStore imports) =>
            await imports.GetAsync(id) is { } import ? Results.Ok(ImportAnswer.Of(import)) : ApiProblems.NotFound($"Import {id}")).Needs(Permission.Read).Produces<ImportAnswer>();
        group.MapPost("{id:long}/continue", ContinueAsync).Needs(Permission.EditContacts).Produces<ImportAnswer>(StatusCodes.Status202Accepted).WithSummary("Lets an import that ended early go on behind the rows that were counted");
        group.MapPost("{id:long}/undo", UndoAsync).Needs(Permission.EditContacts).Produces<UndoAnswer>().WithSummary("Takes an import back, within 24 hours");
        group.MapGet("{id:long}/errors.csv", ErrorsAsync).Needs(Permission.Read);
        group.MapGet("{id:long}/invalid.csv", InvalidAsync).Needs(Permission.Read).WithSummary("The rows that were not taken, to be mended and imported again");
    }

    private static async Task<IResult> ListAsync(ImportStore imports, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var most = ApiRoutes.Limit(limit);
        return Results.Ok(ListAnswer<ImportAnswer>.Of(await imports.ListAsync(cursor, most + 1, cancellationToken), most, ImportAnswer.Of, i => i.Id));
    }

    private static async Task<IResult> ImportAsync([AsParameters] ImportQuery query, ImportJobs jobs, ImportUploads uploads, ImportStore imports, ServiceOptions options, HttpContext http)
    {
        if (TooLarge(options, http) is { } tooLarge) return tooLarge;
        if (!TryRead(query, options, http, out var importOptions, out var problem)) return problem!;
        using var turn = jobs.TryEnter();
        if (turn is null) return Busy(http);

        var (upload, refusal) = query.Upload is { } waiting ? await ImportUploadsApi.FindAsync(waiting, uploads, http) : await KeepAsync(query.Name, uploads, http);
        if (upload is null) return refusal!;
        var isKept = query.Upload is not null;
        try
        {
            var result = await jobs.RunAsync(upload, importOptions! with { Name = query.Name ?? upload.Name }, http.RequestAborted);
            // Begun, it goes on from the file if it ends early; refused or only tried, nobody comes back for it.
            isKept |= result is { Id: not 0, IsTrial: false };
            var import = result.Id == 0 ? null : ImportAnswer.Of((await imports.GetAsync(result.Id))!);
            return result.Error is { } error ? Failed(error, import) : Results.Created($"/api/v1/contacts/imports/{result.Id}", import);
        }
        finally
        {
            if (!isKept) await uploads.DropAsync(upload.File);
        }
    }

    private static IResult Failed(Problem error, ImportAnswer? import) => ApiProblems.Write(Broken(error) with { Import = import });

    private static IResult Busy(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "5";
        return ApiProblems.Of(HttpStatusCode.TooManyRequests, ImportJobs.Busy.Code, ImportJobs.Busy.Message);
    }

    internal static async Task<(ImportUpload? Upload, IResult? Refusal)> KeepAsync(string? givenName, ImportUploads uploads, HttpContext http)
    {
        var (content, name) = await OpenAsync(http.Request);
        if (content is null) return (null, NoFile());
        try
        {
            var (upload, problem) = await uploads.KeepAsync(content, givenName ?? name ?? "import.csv", http.Actor(), http.RequestAborted);
            return (upload, problem is null ? null : Failed(problem, null));
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            return (null, Failed(new Problem("file", "unreadable", $"The file can't be read any further: {e.Message} Nothing was imported."), null));
        }
    }

    private static async Task<IResult> ContinueAsync(long id, ImportJobs jobs, ImportStore imports, HttpContext http)
    {
        var result = await jobs.ContinueAsync(id, http.Actor(), http.RequestAborted);
        if (result.Problems.Length > 0 && result.Problems[0].Code == ImportJobs.Busy.Code) return Busy(http);
        return result.IsDone ? Results.Accepted($"/api/v1/contacts/imports/{id}", ImportAnswer.Of((await imports.GetAsync(id, http.RequestAborted))!)) : ApiProblems.Of(result);
    }

    /// <summary>Lets a body be as large as a file may be; says so when it is larger.</summary>
    internal static IResult? TooLarge(ServiceOptions options, HttpContext http)
    {
        var most = options.Engine.MaxImportMegabytes * 1024L * 1024;
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        return http.Request.ContentLength > most
            ? ApiProblems.Of(HttpStatusCode.RequestEntityTooLarge, "tooLarge", $"The file is larger than {options.Engine.MaxImportMegabytes} MB (Broadcasts:Limits:ImportMegabytes). Divide it.")
            : null;
    }

    internal static IResult NoFile() => ApiProblems.Of(HttpStatusCode.BadRequest, "noFile", "The form has no file, or is cut off. Send the file as the first part, or the bytes as a text/csv body.");

    /// <summary>Why a file was not taken, or not to its end.</summary>
    internal static ApiProblem Broken(Problem error)
    {
        var status = error.Code switch
        {
            "diskFull" or "uploadNotKept" => HttpStatusCode.InsufficientStorage,
            "interruptedKept" => HttpStatusCode.ServiceUnavailable,
            "database" => HttpStatusCode.ServiceUnavailable,
            _ => HttpStatusCode.UnprocessableEntity,
        };
        var code = status == HttpStatusCode.UnprocessableEntity ? "invalid" : error.Code;
        return ApiProblems.Create(status, code, error.Message) with { Problems = [new ApiFault(error.Path, error.Code, error.Message)] };
    }

    private static bool TryRead(ImportQuery query, ServiceOptions options, HttpContext http, out ImportOptions? read, out IResult? problem)
    {
        (read, problem) = (null, null);
        var mapping = new Dictionary<string, string>();
        if (query.Mapping is not null)
        {
            try
            {
                mapping = JsonSerializer.Deserialize<Dictionary<string, string>>(query.Mapping) ?? [];
            }
            catch (JsonException)
            {
                problem = ApiProblems.Invalid("mapping", "notJson", "A JSON object of texts: {\"Correo\": \"email\", \"Ciudad\": \"fields.ciudad\"}.");
                return false;
            }
        }

        // Nobody is written to who did not say yes somewhere: whoever brings people in says where.
        if (query.DryRun != true && string.IsNullOrWhiteSpace(query.ConsentSource))
        {
            problem = ApiProblems.Invalid("consentSource", "noConsentSource", "Say where these people agreed to be written to: consentSource=web form 2026.");
            return false;
        }

        var identifier = AddressKindNames.Parse(query.Identifier);
        if (query.Identifier is not null && identifier is null) problem = ApiProblems.Invalid("identifier", "unknownKind", $"'{query.Identifier}' is not a kind of address.");
        if (query.Delimiter is { Length: not 1 }) problem = ApiProblems.Invalid("delimiter", "oneCharacter", "One character, such as ; or a tab.");
        if (problem is not null || !ApiWords.TryRead<ImportPurpose>("purpose", query.Purpose == "both" ? "addAndUpdate" : query.Purpose, out var purpose, out problem)) return false;
        read = new ImportOptions
        {
            Name = "",
            Actor = http.Actor(),
            Purpose = purpose ?? ImportPurpose.AddAndUpdate,
            Identifier = identifier,
            DefaultCountry = query.DefaultCountry ?? options.Engine.DefaultCountry,
            Tags = query.Tags?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
            Mapping = mapping,
            Delimiter = query.Delimiter?[0],
            Encoding = query.Encoding,
            CreateFields = query.CreateFields ?? true,
            OverwriteWithBlank = query.OverwriteWithBlank ?? false,
            MustConfirm = query.MustConfirm ?? false,
            IsTrial = query.DryRun ?? false,
            ConsentSource = query.ConsentSource,
            TotalBytes = http.Request.ContentLength,
        };
        return true;
    }

    /// <summary>The file, read as it comes in: it is never held as a whole.</summary>
    internal static async Task<(Stream? Content, string? Name)> OpenAsync(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)) return (request.Body, null);
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        if (string.IsNullOrEmpty(boundary)) return (null, null);
        var reader = new MultipartReader(boundary, request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(request.HttpContext.RequestAborted) is { } section)
            {
                if (section.AsFileSection() is { } file) return (section.Body, file.FileName);
            }
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            // Not a form, whatever its type says.
        }

        return (null, null);
    }

    private static async Task<IResult> UndoAsync(long id, ImportUndo undo, HttpContext http)
    {
        var (counts, result) = await undo.RunAsync(id, http.Actor(), http.RequestAborted);
        return result.IsDone ? Results.Ok(UndoAnswer.Of(counts)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> ErrorsAsync(long id, ImportStore imports, ImportErrorsCsv errors, HttpContext http)
    {
        if (await imports.GetAsync(id, http.RequestAborted) is null) return ApiProblems.NotFound($"Import {id}");
        await using var writer = Begin(http, string.Create(CultureInfo.InvariantCulture, $"import-{id}-errors.csv"));
        await errors.WriteAsync(id, writer, http.RequestAborted);
        return Results.Empty;
    }

    private static async Task<IResult> InvalidAsync(long id, bool? bom, ImportStore imports, ImportErrorsCsv errors, HttpContext http)
    {
        if (await imports.GetAsync(id, http.RequestAborted) is not { } import) return ApiProblems.NotFound($"Import {id}");
        await using var writer = Begin(http, string.Create(CultureInfo.InvariantCulture, $"import-{id}-invalid.csv"), bom == true);
        await errors.WriteRowsAsync(import, writer, http.RequestAborted);
        return Results.Empty;
    }

    private static StreamWriter Begin(HttpContext http, string file, bool bom = false)
    {
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{file}\"";
        return new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: bom), leaveOpen: true);
    }
}
