using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>A custom field. Its slug follows from the name and stays.</summary>
internal sealed record FieldBody
{
    public required string Name { get; init; }

    public required FieldType Type { get; init; }

    /// <summary>Values of a list.</summary>
    public string[]? Options { get; init; }
}

/// <summary>A tag's name.</summary>
internal sealed record TagBody
{
    public required string Name { get; init; }
}

/// <summary>Custom fields and tags.</summary>
internal static class FieldsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var fields = api.MapGroup("/fields").WithTags("Fields");
        fields.MapGet("", async (FieldStore store, CancellationToken cancellationToken) => new ListAnswer<ContactField>(await store.ListAsync(cancellationToken), null)).Needs(Permission.Read);
        fields.MapPost("", async (FieldBody body, FieldStore store, HttpContext http) =>
        {
            var (id, result) = await store.CreateAsync(body.Name, body.Type, http.Actor(), body.Options);
            return result.IsDone ? Results.Created($"/api/v1/fields/{id}", (await store.ListAsync()).First(f => f.Id == id)) : ApiProblems.Of(result);
        }).Needs(Permission.EditContacts).Produces<ContactField>(StatusCodes.Status201Created);
        fields.MapPut("{id:long}", async (long id, FieldBody body, FieldStore store, HttpContext http) =>
        {
            var result = await store.UpdateAsync(id, body.Name, body.Type, http.Actor(), body.Options);
            return result.IsDone ? Results.Ok((await store.ListAsync()).First(f => f.Id == id)) : ApiProblems.Of(result);
        }).Needs(Permission.EditContacts).Produces<ContactField>();
        fields.MapDelete("{id:long}", async (long id, FieldStore store, HttpContext http) => Gone(await store.DeleteAsync(id, http.Actor()))).Needs(Permission.EditContacts);

        var tags = api.MapGroup("/tags").WithTags("Tags");
        tags.MapGet("", async (TagStore store, CancellationToken cancellationToken) => new ListAnswer<TagDetails>(await store.ListAsync(cancellationToken), null)).Needs(Permission.Read);
        tags.MapPost("", async (TagBody body, TagStore store, HttpContext http) =>
        {
            var (id, result) = await store.CreateAsync(body.Name, http.Actor());
            return result.IsDone ? Results.Created($"/api/v1/tags/{id}", new { id, name = body.Name.Trim() }) : ApiProblems.Of(result);
        }).Needs(Permission.EditContacts);
        tags.MapPatch("{id:long}", async (long id, TagBody body, TagStore store, HttpContext http) =>
        {
            var result = await store.RenameAsync(id, body.Name, http.Actor());
            return result.IsDone ? Results.Ok(new { id, name = body.Name.Trim() }) : ApiProblems.Of(result);
        }).Needs(Permission.EditContacts);
        tags.MapDelete("{id:long}", async (long id, TagStore store, HttpContext http) => Gone(await store.DeleteAsync(id, http.Actor()))).Needs(Permission.EditContacts);
    }

    private static IResult Gone(CommandResult result) => result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
}
