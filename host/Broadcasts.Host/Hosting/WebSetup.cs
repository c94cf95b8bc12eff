using System.Net;
using Broadcasts.Admin;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Api;
using Broadcasts.Host.Configuration;
using Broadcasts.Storage;
using Microsoft.AspNetCore.HttpOverrides;
using OpenTelemetry.Metrics;

namespace Broadcasts.Host.Hosting;

/// <summary>What Kestrel serves: console, API, webhooks, opt-out, health, metrics.</summary>
internal static class WebSetup
{
    /// <summary>Largest body where a route says nothing else.</summary>
    public const long MaxBody = 1024 * 1024;

    public static void Add(WebApplicationBuilder builder, ServiceOptions options)
    {
        var services = builder.Services;
        services.AddBroadcastsConsole();
        OpenIdSetup.Add(services, options.Engine.OpenId);
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        // Pages alone: a stream of events must not wait for a block to fill, and scripts come compressed already. What a stranger could learn from a
        // page's compressed length (BREACH) needs cookies on requests that other sites make, and ours are not sent with those.
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = ["text/html"];
        });
        services.AddOpenApi("v1", ApiDocument.Describe);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("Broadcasts")
            .AddRuntimeInstrumentation()
            .AddAspNetCoreInstrumentation()
            .AddView(Narrow)
            .AddPrometheusExporter());
        services.AddSingleton<Readiness>().AddSingleton<ApiKeyLimiter>();
        services.AddSingleton<Api.RefusedWebhooks>();
        services.AddHostedService<ImportWatch>();
    }

    /// <summary>
    /// Room is kept for every combination of tags that an instrument may have, 2,000 by default. Those of the runtime and of Kestrel
    /// have a handful; what they would keep is 4 MB.
    /// </summary>
    private static MetricStreamConfiguration? Narrow(System.Diagnostics.Metrics.Instrument instrument) =>
        instrument.Meter.Name == "Broadcasts" || instrument.Name == "http.server.request.duration" ? null : new MetricStreamConfiguration { CardinalityLimit = 60 };

    // Who is at the other end of the connection itself, whatever a proxy says.
    private const string Peer = "peer";

    public static void Map(WebApplication app)
    {
        app.Use((context, next) =>
        {
            context.Items[Peer] = context.Connection.RemoteIpAddress;
            return next(context);
        });
        UseProxies(app);
        app.UseWhen(IsForMachines, machines => machines.Use(AnswerNeverRunsAsync));
        app.Use((context, next) =>
        {
            // Who came by TLS once shall not be led back to a plain address by somebody on the way.
            if (context.Request.IsHttps) context.Response.Headers.StrictTransportSecurity = "max-age=31536000";
            return next(context);
        });
        app.UseResponseCompression();
        app.UseBroadcastsConsole();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/api"), api => api
            .UseMiddleware<ApiErrors>()
            .UseMiddleware<ApiDoor>()
            .UseMiddleware<Idempotency>());
        app.MapBroadcastsConsole();
        MapOperations(app);
        ApiRoutes.Map(app);
        OutsideRoutes.Map(app);
    }

    private static bool IsForMachines(HttpContext context) => context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/hooks");

    // Files that people uploaded, exports, and what a plugin answers to a webhook come from the console's origin: opened in a browser they are no page of ours, whatever they hold and say of themselves.
    private static Task AnswerNeverRunsAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        return next(context);
    }

    // Limits per address of the network, the audit and secure cookies go by where a request came from.
    private static void UseProxies(WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<ServiceOptions>().TrustedProxies;
        if (proxies.Count == 0) return;
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var proxy in proxies) options.KnownProxies.Add(proxy);
        app.UseForwardedHeaders(options);
    }

    private static void MapOperations(WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Text("live\n")).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/health/ready", async (Readiness readiness, CancellationToken cancellationToken) =>
            await readiness.WhyNotAsync(cancellationToken) is { } reason
                ? Results.Text(reason + "\n", statusCode: StatusCodes.Status503ServiceUnavailable)
                : Results.Text("ready\n")).AllowAnonymous().ExcludeFromDescription();

        // Figures of the inside are for this machine; a collector elsewhere comes through a proxy that decides who may.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/metrics"), metrics =>
        {
            metrics.Use(next => context =>
            {
                if (context.Items[Peer] is not IPAddress peer || IPAddress.IsLoopback(peer)) return next(context);
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            });
            metrics.UseOpenTelemetryPrometheusScrapingEndpoint();
        });
    }
}

/// <summary>Whether this process can do its work now.</summary>
internal sealed class Readiness(Database database, IHostApplicationLifetime lifetime)
{
    private const string ProbeSql = "SELECT 1";

    /// <summary>Null when it can; otherwise what is missing.</summary>
    public async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested) return "starting";
        if (lifetime.ApplicationStopping.IsCancellationRequested) return "stopping";
        try
        {
            return await database.ReadAsync(connection => Dapper.SqlMapper.ExecuteScalarAsync<int>(connection, ProbeSql), cancellationToken) == 1 ? null : "the database gives wrong answers";
        }
        catch (Exception e) when (e is System.Data.Common.DbException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return $"the database does not answer: {e.Message}";
        }
    }
}
