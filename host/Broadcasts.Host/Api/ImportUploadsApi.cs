using System.Net;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A column of an uploaded file.</summary>
/// <param name="Number">Its place, the first being 1: a mapping may name it by this, <c>#3</c>.</param>
/// <param name="Header">Its name.</param>
/// <param name="Samples">Some of its values.</param>
/// <param name="Meaning">What it seems to be, as a mapping writes it.</param>
/// <param name="Doubt">Why its name does not tell: unknown, unnamed, ours (this program wrote it) or second (an earlier column is the same).</param>
internal sealed record UploadColumn(int Number, string Header, IReadOnlyList<string> Samples, string Meaning, ColumnDoubt? Doubt)
{
    public static UploadColumn Of(PreviewColumn c) => new(c.Number, c.Header, c.Samples, c.Word, c.Doubt);
}

/// <summary>What the columns were in the last import of a file with the same ones.</summary>
/// <param name="ImportId">That import.</param>
/// <param name="By">Who made it.</param>
/// <param name="At">When.</param>
/// <param name="Mapping">What to send as its mapping again.</param>
internal sealed record RememberedMapping(long ImportId, string By, DateTimeOffset At, IReadOnlyDictionary<string, string> Mapping)
{
    public static RememberedMapping? Of(ImportDetails? import) => import is null ? null : new(import.Id, import.CreatedBy, Times.Of(import.StartedAt), ImportStore.OptionsOf(import).Mapping);
}

/// <summary>A file that waits for its import.</summary>
/// <param name="Id">What an import names it by.</param>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="KeptUntil">It is deleted then, if no import has taken it.</param>
/// <param name="Encoding">As found or asked for; none for a workbook.</param>
/// <param name="Delimiter">As found or asked for; none for a workbook.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Remembered">The mapping of the last import of a file with the same columns.</param>
internal sealed record UploadAnswer(
    string Id, string Name, long Bytes, DateTimeOffset KeptUntil, string? Encoding, string? Delimiter, IReadOnlyList<UploadColumn> Columns, RememberedMapping? Remembered)
{
    public static UploadAnswer Of(ImportUpload upload, ImportPreview preview) => new(
        upload.File, upload.Name, upload.Bytes, Times.Of(upload.CreatedAt) + ImportUploads.KeptFor, preview.Encoding, preview.Delimiter?.ToString(), [.. preview.Columns.Select(UploadColumn.Of)],
        RememberedMapping.Of(preview.Remembered));
}

/// <summary>Files that are looked at before they are imported.</summary>
internal static class ImportUploadsApi
{
    public static void Map(RouteGroupBuilder imports)
    {
        var group = imports.MapGroup("/uploads");
        group.MapPost("", UploadAsync).Needs(Permission.EditContacts).Produces<UploadAnswer>(StatusCodes.Status201Created).WithSummary("Keeps a file and tells its columns; an import names it by upload=ID");
        group.MapGet("{id}", GetAsync).Needs(Permission.EditContacts).Produces<UploadAnswer>();
        group.MapDelete("{id}", DeleteAsync).Needs(Permission.EditContacts);
    }

    /// <summary>The file; or why it can't be imported here.</summary>
    internal static async Task<(ImportUpload? Upload, IResult? Refusal)> FindAsync(string id, ImportUploads uploads, HttpContext http)
    {
        if (await uploads.GetAsync(id, http.RequestAborted) is not { } upload) return (null, ApiProblems.NotFound($"Upload {id}"));
        return uploads.IsHere(upload) ? (upload, null) : (null, ApiProblems.Of(CommandResult.Refused(ImportJobs.Elsewhere(upload))));
    }

    private static async Task<IResult> UploadAsync(string? name, ImportUploads uploads, ImportPreviews previews, ServiceOptions options, HttpContext http)
    {
        if (ImportsApi.TooLarge(options, http) is { } tooLarge) return tooLarge;
        var (upload, refusal) = await ImportsApi.KeepAsync(name, uploads, http);
        if (upload is null) return refusal!;
        var (preview, problem) = await previews.ReadAsync(upload, cancellationToken: http.RequestAborted);
        if (preview is not null) return Results.Created($"/api/v1/contacts/imports/uploads/{upload.File}", UploadAnswer.Of(upload, preview));
        await uploads.DropAsync(upload.File);
        return ApiProblems.Write(ImportsApi.Broken(problem!));
    }

    private static async Task<IResult> GetAsync(string id, string? encoding, string? delimiter, ImportUploads uploads, ImportPreviews previews, HttpContext http)
    {
        if (delimiter is { Length: not 1 }) return ApiProblems.Invalid("delimiter", "oneCharacter", "One character, such as ; or a tab.");
        if (encoding is not null && CsvFormat.Named(encoding) is null) return ApiProblems.Invalid("encoding", "unknownEncoding", $"'{encoding}' is no known encoding. Write one such as utf-8 or windows-1252.");
        var (upload, refusal) = await FindAsync(id, uploads, http);
        if (upload is null) return refusal!;
        var (preview, problem) = await previews.ReadAsync(upload, encoding, delimiter?[0], http.RequestAborted);
        return preview is not null ? Results.Ok(UploadAnswer.Of(upload, preview)) : ApiProblems.Write(ImportsApi.Broken(problem!));
    }

    private static async Task<IResult> DeleteAsync(string id, ImportUploads uploads, HttpContext http)
    {
        if (await uploads.GetAsync(id, http.RequestAborted) is not { } upload) return ApiProblems.NotFound($"Upload {id}");
        if (upload.ImportId is not null) return ApiProblems.Of(HttpStatusCode.Conflict, "uploadTaken", "An import has this file. It is deleted when that one is complete, or taken back.");
        await uploads.DropAsync(id);
        return Results.NoContent();
    }
}
