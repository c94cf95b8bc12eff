using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Reporting;

internal static class ReportingSetup
{
    /// <summary>What pages and the API read.</summary>
    public static IServiceCollection AddReporting(this IServiceCollection services) => services
        .AddSingleton<BroadcastQueries>()
        .AddSingleton<BroadcastTableStore>()
        .AddSingleton<BroadcastExport>()
        .AddSingleton<ProgressQueries>()
        .AddSingleton<WaitingBroadcasts>()
        .AddSingleton<ProgressFeed>()
        .AddSingleton<PaceHistory>();
}
