using System.Globalization;

namespace Broadcasts.Transports.Telegram;

/// <summary>Hears of replies by asking. The cursor is the number of the next update; asking for it tells Telegram that those before it are stored.</summary>
internal sealed class TelegramPollingTransport(TelegramSettings settings, ChannelContext context) : TelegramTransport(settings, context), IEventPoller
{
    private const int MostUpdates = 100;

    private readonly UpdateReader _updates = new(settings, context.Time);
    private string? _trouble;

    public TimeSpan PollInterval => TimeSpan.FromSeconds(1);

    public async ValueTask<PollResult> PollAsync(string? cursor, CancellationToken cancellationToken)
    {
        using var answer = await Bot.CallAsync("getUpdates", json =>
        {
            if (long.TryParse(cursor, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset)) json.WriteNumber("offset", offset);
            json.WriteNumber("limit", MostUpdates);
            json.WriteNumber("timeout", Settings.PollSeconds);
            json.WriteStartArray("allowed_updates");
            foreach (var kind in UpdateReader.Kinds) json.WriteStringValue(kind);
            json.WriteEndArray();
        }, cancellationToken, Settings.PollSeconds).ConfigureAwait(false);
        if (answer.Failure is { } failure) return Troubled(failure, cursor);

        _trouble = null;
        var updates = answer.Document!.RootElement.Items("result").ToArray();
        var last = updates.Max(u => u.Whole("update_id"));
        foreach (var update in updates)
        {
            if (update.Member("callback_query").Text("id") is { } pressed) await AnsweredAsync(pressed, cancellationToken).ConfigureAwait(false);
        }

        return new PollResult
        {
            Events = [.. updates.SelectMany(_updates.Read)],
            Cursor = last is { } number ? (number + 1).ToString(CultureInfo.InvariantCulture) : cursor,
            HasMore = updates.Length == MostUpdates,
        };
    }

    // Said once while it lasts: a webhook of somebody else's, another program with the same bot, a token that was revoked.
    private PollResult Troubled(SendOutcome failure, string? cursor)
    {
        Context.Log.Write(TransportLogLevel.Warning, "Telegram can't be asked for news.", failure.Detail);
        if (failure.Kind != SendOutcomeKind.ChannelFault || _trouble == failure.Code) return new PollResult { Cursor = cursor };
        _trouble = failure.Code;
        var now = Context.Time.GetUtcNow();
        var news = new ChannelNews { Key = string.Create(CultureInfo.InvariantCulture, $"poll:{failure.Code}:{now.ToUnixTimeMilliseconds()}"), At = now, Detail = $"Replies can't be read: {failure.Detail}" };
        return new PollResult { Cursor = cursor, Events = [news] };
    }

    // The button stops waiting. When that fails it stops by itself.
    private async Task AnsweredAsync(string query, CancellationToken cancellationToken)
    {
        using var answer = await Bot.CallAsync("answerCallbackQuery", json => json.WriteString("callback_query_id", query), cancellationToken).ConfigureAwait(false);
    }
}
