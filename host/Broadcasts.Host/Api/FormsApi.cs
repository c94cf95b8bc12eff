using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Forms;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A form by which people ask to be written to.</summary>
internal sealed record FormBody
{
    public required string Name { get; init; }

    /// <summary>False: its page says that it is closed. Default: true.</summary>
    public bool IsOpen { get; init; } = true;

    /// <summary>The page's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What people agree to, kept with each entry as proof.</summary>
    public required string Consent { get; init; }

    /// <summary>Shown when they have confirmed.</summary>
    public string? Thanks { get; init; }

    /// <summary>Where they go when they have confirmed, instead.</summary>
    public string? RedirectUrl { get; init; }

    /// <summary>Says which kind of address is asked, and sends the message with the link.</summary>
    public required long ChannelId { get; init; }

    /// <summary>That message; it holds <c>{{ links.confirm }}</c>.</summary>
    public required BroadcastPart Part { get; init; }

    /// <summary>What is asked beside the address.</summary>
    public FormFieldBody[] Fields { get; init; } = [];

    /// <summary>What contacts get when they confirm.</summary>
    public string[] Tags { get; init; } = [];

    /// <summary>In a change: the version that it was made from. Default: the one that is stored.</summary>
    public int? Version { get; init; }

    public FormEdit ToEdit() => new()
    {
        Name = Name, IsOpen = IsOpen, Title = Title, Consent = Consent, Thanks = Thanks, RedirectUrl = RedirectUrl, ChannelId = ChannelId, Part = Part,
        Fields = [.. Fields.Select(f => new FormField(f.Name, f.Required))], Tags = Tags,
    };
}

/// <summary>One thing that a form asks.</summary>
internal sealed record FormFieldBody
{
    /// <summary>first_name, last_name or the slug of a custom field.</summary>
    public required string Name { get; init; }

    public bool Required { get; init; }
}

/// <summary>What somebody wrote into a form that stands elsewhere.</summary>
internal sealed record FormEntryBody
{
    public required string Address { get; init; }

    /// <summary>By the names of the form's fields.</summary>
    public Dictionary<string, string> Values { get; init; } = [];
}

/// <summary>A form as the API tells it.</summary>
internal sealed record FormAnswer(
    long Id, string Name, bool IsOpen, string? Url, string Title, string Consent, string? Thanks, string? RedirectUrl, long ChannelId, BroadcastPart Part, FormFieldBody[] Fields, string[] Tags,
    long Asked, long Confirmed, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static FormAnswer Of(SignUpForm form, EngineOptions options) => new(
        form.Id, form.Name, form.IsOpen, options.PublicUrl is { } url ? new Uri(url, $"f/{form.Token}").ToString() : null, form.Title, form.Consent, form.Thanks, form.RedirectUrl, form.ChannelId, form.ReadPart(),
        [.. form.ReadFields().Select(f => new FormFieldBody { Name = f.Name, Required = f.IsRequired })], form.ReadTags(), form.Asked, form.Confirmed, form.Version, Times.Of(form.CreatedAt), Times.Of(form.UpdatedAt));
}

/// <summary>Forms with double opt-in.</summary>
internal static class FormsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/forms").WithTags("Forms");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<FormAnswer>>();
        group.MapPost("", CreateAsync).Needs(Permission.EditContacts).Produces<FormAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", async (long id, FormStore store, EngineOptions options) =>
            await store.GetAsync(id) is { } form ? Results.Ok(FormAnswer.Of(form, options)) : ApiProblems.NotFound($"Form {id}")).Needs(Permission.Read).Produces<FormAnswer>();
        group.MapPut("{id:long}", UpdateAsync).Needs(Permission.EditContacts).Produces<FormAnswer>();
        group.MapDelete("{id:long}", async (long id, FormStore store, HttpContext http) =>
            await store.DeleteAsync(id, http.Actor()) is { IsDone: false } refused ? ApiProblems.Of(refused) : Results.NoContent()).Needs(Permission.EditContacts);
        group.MapPost("{id:long}/entries", EnterAsync).Needs(Permission.EditContacts).Produces(StatusCodes.Status202Accepted).WithSummary("What somebody wrote into a form that stands elsewhere");
    }

    private static async Task<IResult> ListAsync(FormStore store, EngineOptions options, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var most = ApiRoutes.Limit(limit);
        return Results.Ok(ListAnswer<FormAnswer>.Of(await store.ListAsync(cursor ?? 0, most + 1, cancellationToken), most, f => FormAnswer.Of(f, options), f => f.Id));
    }

    private static async Task<IResult> CreateAsync(FormBody body, FormStore store, EngineOptions options, HttpContext http)
    {
        var (id, result) = await store.CreateAsync(body.ToEdit(), http.Actor());
        return result.IsDone ? Results.Created($"/api/v1/forms/{id}", FormAnswer.Of((await store.GetAsync(id))!, options)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> UpdateAsync(long id, FormBody body, FormStore store, EngineOptions options, HttpContext http)
    {
        if (await store.GetAsync(id) is not { } current) return ApiProblems.NotFound($"Form {id}");
        var result = await store.UpdateAsync(id, body.ToEdit(), body.Version ?? current.Version, http.Actor());
        return result.IsDone ? Results.Ok(FormAnswer.Of((await store.GetAsync(id))!, options)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> EnterAsync(long id, FormEntryBody body, FormStore store, FormEntries entries, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(id, cancellationToken) is not { } form) return ApiProblems.NotFound($"Form {id}");
        if (!form.IsOpen) return ApiProblems.Of(CommandResult.Refused(new Problem("", "formClosed", $"The form '{form.Name}' is closed.", form.Name)));
        var result = await entries.EnterAsync(form, new FormEntry(body.Address, body.Values), cancellationToken);
        return result.IsDone ? Results.Accepted() : ApiProblems.Of(result);
    }
}
