using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>What somebody said about being written to.</summary>
internal sealed record ConsentBody
{
    /// <summary>email, phone, telegram, whatsapp, messenger, instagram or webchat.</summary>
    public required string Kind { get; init; }

    /// <summary>One of the contact's addresses; without it all of the kind.</summary>
    public string? Value { get; init; }

    /// <summary>Without it: on every channel.</summary>
    public long? ChannelId { get; init; }

    public required ConsentState State { get; init; }

    /// <summary>Where it was said. Without it this proves nothing.</summary>
    public required string Source { get; init; }

    public string? Detail { get; init; }

    /// <summary>When; without it now.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>One thing that was said. An import speaks for every address of the contact's row: kind and value are absent.</summary>
internal sealed record ConsentAnswer(string? Kind, string? Value, long? ChannelId, ConsentState State, string Source, string? Detail, string Actor, DateTimeOffset At)
{
    public static ConsentAnswer Of(ConsentEvent said) => new(
        said.Kind == 0 ? null : said.Kind.Name(), said.Kind == 0 ? null : said.Value, said.ChannelId == 0 ? null : said.ChannelId, said.State, said.Source, said.Detail, said.Actor, Times.Of(said.At));
}

/// <summary>Consent and its proof.</summary>
internal static class ConsentsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts/{id}/consents").WithTags("Contacts");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<ConsentAnswer>>().WithSummary("What the contact said about being written to, the oldest first");
        group.MapPost("", SayAsync).Needs(Permission.EditContacts).Produces<ListAnswer<ConsentAnswer>>().WithSummary("Writes down what the contact said elsewhere");
    }

    private static Task<IResult> ListAsync(ContactKey id, ContactStore contacts, ContactQueries queries, ConsentStore consents) =>
        id.WithAsync(queries, async i => await contacts.GetAsync(i) is null ? ApiProblems.NotFound($"Contact {i}") : await AnswerAsync(i, consents));

    private static Task<IResult> SayAsync(ContactKey id, ConsentBody body, ContactStore contacts, ContactQueries queries, ConsentStore consents, HttpContext http) => id.WithAsync(queries, async i =>
    {
        if (await contacts.GetAsync(i) is null) return ApiProblems.NotFound($"Contact {i}");
        if (AddressKindNames.Parse(body.Kind) is not { } kind) return ApiProblems.Invalid("kind", "unknownKind", $"'{body.Kind}' is not email, phone, telegram, whatsapp, messenger, instagram or webchat.");
        var edit = new ConsentEdit { Kind = kind, Value = body.Value, ChannelId = body.ChannelId ?? 0, State = body.State, Source = body.Source, Detail = body.Detail, At = body.At };
        return await consents.SayAsync(i, edit, http.Actor()) is { IsDone: false } refused ? ApiProblems.Of(refused) : await AnswerAsync(i, consents);
    });

    private static async Task<IResult> AnswerAsync(long id, ConsentStore consents) =>
        Results.Ok(new ListAnswer<ConsentAnswer>([.. (await consents.OfContactAsync(id)).Select(ConsentAnswer.Of)], null));
}
