using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Reporting;

/// <summary>The last forecast before the start beside what came of it.</summary>
internal sealed record ForecastOutcome
{
    /// <summary>Messages that the forecast said would be sent.</summary>
    public required long ForecastMessages { get; init; }

    /// <summary>Messages that were tried: sent, failed or not known.</summary>
    public required long Messages { get; init; }

    /// <summary>Difference in percent of the forecast.</summary>
    public required double MessagesErrorPercent { get; init; }

    /// <summary>How long it should have taken; null when no rate limited it.</summary>
    public TimeSpan? ForecastDuration { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Difference in percent of the forecast; null without one.</summary>
    public double? DurationErrorPercent { get; init; }

    /// <summary>The outcome of a completed broadcast; null when it is not over or no forecast was made.</summary>
    public static ForecastOutcome? Of(BroadcastDetails details)
    {
        var row = details.Row;
        if (row.Status != BroadcastStatus.Completed || details.ForecastJson is not { } json || row is not { StartedAt: { } started, FinishedAt: { } finished }) return null;
        if (JsonSerializer.Deserialize<Forecast>(json, BroadcastJson.Options) is not { Problems.Count: 0 } forecast) return null;
        var expected = forecast.FinishAt - forecast.FirstAt;
        var (tried, took) = (row.Counts.Total - row.Counts.Skipped, finished - started);
        return new()
        {
            ForecastMessages = forecast.Messages,
            Messages = tried,
            MessagesErrorPercent = Difference(tried, forecast.Messages),
            ForecastDuration = expected,
            Duration = took,
            DurationErrorPercent = expected is { Ticks: > 0 } length ? Difference(took.TotalSeconds, length.TotalSeconds) : null,
        };
    }

    private static double Difference(double actual, double expected) => Math.Round(expected == 0 ? (actual == 0 ? 0 : 100) : Math.Abs(actual - expected) / expected * 100, 1);
}
