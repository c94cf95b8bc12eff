using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>Everything that goes wrong in the API leaves as a problem, and a fault of ours also as a line in the log.</summary>
internal sealed partial class ApiErrors(RequestDelegate next, Database database, ILogger<ApiErrors> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
                await ApiProblems.Write(OfStatus(context)).ExecuteAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left: nobody reads an answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await ApiProblems.Write(OfException(context, e)).ExecuteAsync(context);
        }
    }

    private ApiProblem OfException(HttpContext context, Exception error)
    {
        switch (error)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return TooLarge(context);
            case BadHttpRequestException { InnerException: JsonException json }:
                return ApiProblems.OfJson(json);
            case BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType } bad:
                return ApiProblems.Create(HttpStatusCode.UnsupportedMediaType, "mediaType", bad.Message);
            case BadHttpRequestException bad when UnreadableValue().Match(bad.Message) is { Success: true } value:
                return ApiProblems.Create(HttpStatusCode.BadRequest, "badValue", $"{value.Groups[1].Value}: '{value.Groups[2].Value}' can't be read.") with { Path = value.Groups[1].Value };
            case BadHttpRequestException bad when bad.Message.Contains("no body was provided", StringComparison.Ordinal):
                return ApiProblems.Create(HttpStatusCode.BadRequest, "noBody", "The request has no body. Send a JSON object.");
            case BadHttpRequestException bad:
                return ApiProblems.Create((HttpStatusCode)bad.StatusCode, "badRequest", bad.Message);
            case JsonException json:
                return ApiProblems.OfJson(json);
            // The reader's own complaint about an object that does not say which kind it is.
            case NotSupportedException kind when MissingKind().Match(kind.Message) is { Success: true } where:
                return ApiProblems.Create(HttpStatusCode.BadRequest, "unknownType", $"The object at '{where.Groups[1].Value}' needs a known 'type'.") with { Path = where.Groups[1].Value };
            case DbException full when database.Dialect.IsDiskFull(full):
                return ApiProblems.Create(HttpStatusCode.InsufficientStorage, "diskFull", "The database's disk is full. Make room, then repeat the request: nothing of it was kept.");
            default:
                var reference = Guid.NewGuid().ToString("N")[..12];
                LogFault(log, error, reference, context.Request.Method, context.Request.Path);
                return ApiProblems.Create(HttpStatusCode.InternalServerError, "internal", $"A fault of ours. The service's log has it under the reference {reference}.") with { Reference = reference };
        }
    }

    private static ApiProblem OfStatus(HttpContext context) => (HttpStatusCode)context.Response.StatusCode switch
    {
        // The framework refuses a value of the query without saying which.
        HttpStatusCode.BadRequest => ApiProblems.Create(HttpStatusCode.BadRequest, "badValue", $"A value in '{context.Request.Path}{context.Request.QueryString}' has the wrong type. The parameters are in /api/v1/openapi.json."),
        HttpStatusCode.NotFound => ApiProblems.Create(HttpStatusCode.NotFound, "notFound", $"There is no {context.Request.Path}. The routes are in /api/v1/openapi.json."),
        HttpStatusCode.MethodNotAllowed => ApiProblems.Create(HttpStatusCode.MethodNotAllowed, "method", $"{context.Request.Method} is not possible here. Allowed: {context.Response.Headers.Allow}."),
        HttpStatusCode.RequestEntityTooLarge => TooLarge(context),
        HttpStatusCode.UnsupportedMediaType => ApiProblems.Create(HttpStatusCode.UnsupportedMediaType, "mediaType", "Send the body as application/json."),
        var status => ApiProblems.Create(status, "refused", ApiProblems.TitleOf(status) + "."),
    };

    private static ApiProblem TooLarge(HttpContext context) =>
        ApiProblems.Create(HttpStatusCode.RequestEntityTooLarge, "tooLarge", string.Create(CultureInfo.InvariantCulture, $"The body is larger than {LimitOf(context):N0} bytes."));

    private static long LimitOf(HttpContext context) =>
        context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? Hosting.WebSetup.MaxBody;

    // The message names our types; the caller knows the parameter's name only.
    [GeneratedRegex("^Failed to bind parameter \".* (\\w+)\" from \"(.*)\"\\.$", RegexOptions.Singleline)]
    private static partial Regex UnreadableValue();

    [GeneratedRegex("must specify a type discriminator\\. Path: \\$\\.?(\\S*) \\|")]
    private static partial Regex MissingKind();

    [LoggerMessage(Level = LogLevel.Error, Message = "API fault {Reference}: {Method} {Path}")]
    private static partial void LogFault(ILogger log, Exception error, string reference, string method, string path);
}
