using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcasts.Broadcasting;

namespace Broadcasts.Host.Api;

/// <summary>An error as RFC 9457 has it. <see cref="Type"/> ends in a stable word.</summary>
internal sealed record ApiProblem
{
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    /// <summary>What happened and what to do.</summary>
    public string? Detail { get; init; }

    /// <summary>Where in the body, as a JSON path.</summary>
    public string? Path { get; init; }

    /// <summary>409: the state that does not allow it.</summary>
    public BroadcastStatus? State { get; init; }

    /// <summary>409: what the state allows.</summary>
    public IReadOnlyList<string>? Allowed { get; init; }

    /// <summary>422: everything that is wrong. 409: why, when there is more to it than the state.</summary>
    public IReadOnlyList<ApiFault>? Problems { get; init; }

    /// <summary>An import that ended in the middle: what it counted is in.</summary>
    public ImportAnswer? Import { get; init; }

    /// <summary>A suppression list that ended in the middle: what it counted is in.</summary>
    public SuppressionListAnswer? List { get; init; }

    /// <summary>500: find it in the service's log by this.</summary>
    public string? Reference { get; init; }
}

/// <summary>One thing that is wrong with what was given.</summary>
internal sealed record ApiFault(string Path, string Code, string Message);

/// <summary>Makes problems.</summary>
internal static partial class ApiProblems
{
    public const string MediaType = "application/problem+json";

    private const string TypePrefix = "urn:broadcasts:problem:";

    public static IResult Of(HttpStatusCode status, string code, string detail, string? path = null) => Write(Create(status, code, detail) with { Path = path });

    public static IResult NotFound(string what) => Of(HttpStatusCode.NotFound, "notFound", $"{what} does not exist.");

    public static IResult Invalid(string path, string code, string message) => Invalid(new Problem(path, code, message));

    public static IResult Invalid(params IReadOnlyList<Problem> problems) => Write(Create(HttpStatusCode.UnprocessableEntity, "invalid", string.Join(" ", problems.Select(p => p.Message))) with
    {
        Problems = [.. problems.Select(p => new ApiFault(p.Path, p.Code, p.Message))],
    });

    /// <summary>The refusal of a command.</summary>
    public static IResult Of(CommandResult result, bool isBroadcast = false) => result.Code switch
    {
        CommandCode.NotFound => Of(HttpStatusCode.NotFound, "notFound", result.Message ?? "It does not exist."),
        CommandCode.Invalid => Invalid(result.Problems),
        CommandCode.Changed => Of(HttpStatusCode.Conflict, "changed", result.Message ?? "Somebody else saved meanwhile. Read it again and repeat the change."),
        CommandCode.Refused => Write(Create(HttpStatusCode.Conflict, "refused", result.Message ?? "The state does not allow it.") with
        {
            Problems = result.Problems.Length == 0 ? null : [.. result.Problems.Select(p => new ApiFault(p.Path, p.Code, p.Message))],
            State = isBroadcast ? result.Status : null,
            Allowed = isBroadcast ? [.. BroadcastLifecycle.CommandsFrom(result.Status).Select(c => JsonNamingPolicy.CamelCase.ConvertName(c.ToString()))] : null,
        }),
        _ => throw new ArgumentOutOfRangeException(nameof(result), result.Code, "Only refusals are problems."),
    };

    public static ApiProblem Create(HttpStatusCode status, string code, string detail) => new()
    {
        Type = TypePrefix + code,
        Title = TitleOf(status),
        Status = (int)status,
        Detail = detail,
    };

    public static IResult Write(ApiProblem problem) => Results.Json(problem, ApiJson.Options, MediaType, problem.Status);

    /// <summary>What is wrong with a JSON body, without the names of our types.</summary>
    public static ApiProblem OfJson(JsonException error)
    {
        var path = error.Path is null or "$" ? null : error.Path.TrimStart('$').TrimStart('.');
        var message = error.Message;
        if (UnknownMember().Match(message) is { Success: true } unknown)
            return Create(HttpStatusCode.BadRequest, "unknownMember", $"There is no member '{unknown.Groups[1].Value}' here.") with { Path = path };
        if (MissingMembers().Match(message) is { Success: true } missing)
            return Create(HttpStatusCode.BadRequest, "missingMember", $"Missing: {missing.Groups[1].Value.Trim().TrimEnd('.')}.") with { Path = path };
        if (message.Contains("could not be converted", StringComparison.Ordinal))
            return Create(HttpStatusCode.BadRequest, "wrongType", path is null ? "The body must be a JSON object." : $"The value at '{path}' has the wrong type or is not one of the allowed words.") with { Path = path };
        if (message.Contains("polymorphic", StringComparison.OrdinalIgnoreCase) || message.Contains("discriminator", StringComparison.OrdinalIgnoreCase))
            return Create(HttpStatusCode.BadRequest, "unknownType", $"The object at '{path}' needs a known 'type'.") with { Path = path };
        var where = error.LineNumber is { } line ? $" at line {line + 1}, byte {error.BytePositionInLine + 1}" : "";
        return Create(HttpStatusCode.BadRequest, "notJson", $"The body is not JSON{where}.") with { Path = path };
    }

    public static string TitleOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => "The request can't be read",
        HttpStatusCode.Unauthorized => "Not signed in",
        HttpStatusCode.Forbidden => "Not allowed",
        HttpStatusCode.NotFound => "Not found",
        HttpStatusCode.MethodNotAllowed => "Method not allowed",
        HttpStatusCode.Conflict => "Refused in this state",
        HttpStatusCode.RequestEntityTooLarge => "Too large",
        HttpStatusCode.UnsupportedMediaType => "Media type not supported",
        HttpStatusCode.UnprocessableEntity => "Can't be taken as it is",
        HttpStatusCode.TooManyRequests => "Too many at once",
        HttpStatusCode.ServiceUnavailable => "Not available now",
        HttpStatusCode.InsufficientStorage => "The disk is full",
        _ => "It went wrong here",
    };

    [GeneratedRegex("The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownMember();

    [GeneratedRegex("missing required properties including: (.*)$|was missing required properties, including: (.*)$")]
    private static partial Regex MissingMembers();
}
