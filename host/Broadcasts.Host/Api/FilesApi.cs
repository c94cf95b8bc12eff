using Broadcasts.Broadcasting;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Broadcasts.Host.Api;

/// <summary>A file as the API tells it.</summary>
internal sealed record FileAnswer(long Id, string Name, string MediaType, long Size, DateTimeOffset CreatedAt)
{
    public static FileAnswer Of(FileRow file) => new(file.Id, file.Name, file.MediaType, file.Size, Times.Of(file.CreatedAt));
}

/// <summary>Files and images for messages.</summary>
internal static class FilesApi
{
    private const int LongestName = 200;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/files").WithTags("Files");
        group.MapGet("", async (FileStore files, string? search, long? cursor, int? limit) =>
            ListAnswer<FileAnswer>.Of(await files.PageAsync(search, cursor, ApiRoutes.Limit(limit) + 1), ApiRoutes.Limit(limit), FileAnswer.Of, f => f.Id)).Needs(Permission.Read);
        group.MapGet("{id:long}/used-by", async (long id, FileStore files, CancellationToken cancellationToken) =>
            new ListAnswer<FileUse>(await files.UsesAsync(id, cancellationToken), null)).Needs(Permission.Read).WithSummary("Broadcasts, templates, forms and waiting messages that attach it, up to 20");
        group.MapDelete("{id:long}", async (long id, FileStore files, HttpContext http) =>
            await files.DeleteAsync(id, http.Actor()) is { IsDone: false } refused ? ApiProblems.Of(refused) : Results.NoContent()).Needs(Permission.EditContent).WithSummary("Refused while something attaches it");
        group.MapPost("", AddAsync).Needs(Permission.EditContent).Produces<FileAnswer>(StatusCodes.Status201Created).WithSummary("The bytes as the body; name in the query, media type as Content-Type");
        group.MapGet("{id:long}", GetAsync).Needs(Permission.Read);
    }

    private static async Task<IResult> AddAsync(string name, FileStore files, ServiceOptions options, TimeProvider time, HttpContext http)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > LongestName || name.AsSpan().IndexOfAny("/\\\0") >= 0)
            return ApiProblems.Invalid("name", "badName", $"A file name of 1 to {LongestName} characters without slashes.");

        var most = Math.Min(FileStore.MostBytes, options.MaxFileMegabytes * 1024L * 1024);
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        using var content = new MemoryStream();
        await http.Request.Body.CopyToAsync(content, http.RequestAborted);
        if (content.Length == 0) return ApiProblems.Invalid("", "empty", "The body is empty: send the file's bytes.");
        var mediaType = http.Request.ContentType ?? "application/octet-stream";
        var id = await files.AddAsync(name, mediaType, content.ToArray(), http.Actor());
        return Results.Created($"/api/v1/files/{id}", new FileAnswer(id, name, mediaType, content.Length, time.GetUtcNow()));
    }

    private static async Task<IResult> GetAsync(long id, FileStore files)
    {
        if (await files.GetAsync(id) is not { } file) return ApiProblems.NotFound($"File {id}");
        // Somebody else's file is saved, never shown as a page of ours.
        return Results.File(file.Content, file.MediaType, file.Name);
    }
}
