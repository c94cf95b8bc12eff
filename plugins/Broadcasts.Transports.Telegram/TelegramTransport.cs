using System.Text.Json;

namespace Broadcasts.Transports.Telegram;

/// <summary>Sends the messages of one bot.</summary>
internal class TelegramTransport(TelegramSettings settings, ChannelContext context) : SingleMessageTransport, IConnectionTest
{
    private readonly MessageForm _form = new(settings);
    private readonly SentFiles _files = new();

    protected TelegramSettings Settings { get; } = settings;

    protected ChannelContext Context { get; } = context;

    protected BotClient Bot { get; } = new(settings, context.CreateHttpClient(), context.Time);

    public virtual async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        using var answer = await Bot.CallAsync("getMe", static _ => { }, cancellationToken).ConfigureAwait(false);
        if (answer.Failure is { } failure) return failure;
        return answer.Result.Whole("id") is null ? SendOutcome.ChannelFault(FailureReason.Misconfigured, "The answer is not of the Bot API. Check the API address.") : null;
    }

    public override ValueTask DisposeAsync()
    {
        Bot.Dispose();
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }

    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        if (MessageForm.Fault(message.Content) is { } fault) return fault;
        var (outcome, migratedTo) = await SendToAsync(message.To, message.Content, cancellationToken).ConfigureAwait(false);
        if (migratedTo is null) return outcome;

        // The group was upgraded and nothing was sent: once more, under its new id.
        (outcome, _) = await SendToAsync(migratedTo, message.Content, cancellationToken).ConfigureAwait(false);
        return outcome.Kind == SendOutcomeKind.Accepted ? SendOutcome.AcceptedAt(migratedTo, outcome.ProviderIds) : outcome;
    }

    private async Task<(SendOutcome Outcome, string? MigratedTo)> SendToAsync(string chat, MessageContent content, CancellationToken cancellationToken)
    {
        var isFormatted = Settings.Format == TextFormat.Html;
        var (outcome, migratedTo) = await SendToAsync(chat, content, isFormatted, cancellationToken).ConfigureAwait(false);
        // A stray '<' would cost everybody the message: as it is it can be read.
        if (isFormatted && outcome is { Kind: SendOutcomeKind.ContentRejected, Detail: { } words } && words.Contains(ErrorWords.CannotParse, StringComparison.OrdinalIgnoreCase))
            (outcome, migratedTo) = await SendToAsync(chat, content, isFormatted: false, cancellationToken).ConfigureAwait(false);
        return (outcome, migratedTo);
    }

    private async Task<(SendOutcome Outcome, string? MigratedTo)> SendToAsync(string chat, MessageContent content, bool isFormatted, CancellationToken cancellationToken)
    {
        if (content is FileContent file) return await SendFileAsync(chat, file, isFormatted, cancellationToken).ConfigureAwait(false);
        using var answer = await Bot.CallAsync("sendMessage", json => _form.Write(json, chat, content, isFormatted), cancellationToken).ConfigureAwait(false);
        return (OutcomeOf(answer, chat), answer.MigratedTo);
    }

    private async Task<(SendOutcome Outcome, string? MigratedTo)> SendFileAsync(string chat, FileContent file, bool isFormatted, CancellationToken cancellationToken)
    {
        string? migratedTo = null;
        var method = MediaMethod.Of(file);
        var outcome = await _files.SendAsync(file, method, async id =>
        {
            using var answer = await CallAsync(chat, file, method, id, isFormatted, cancellationToken).ConfigureAwait(false);
            migratedTo = answer.MigratedTo;
            return (OutcomeOf(answer, chat), FileIdOf(answer.Result, method));
        }, cancellationToken).ConfigureAwait(false);
        return (outcome, migratedTo);
    }

    private async Task<BotAnswer> CallAsync(string chat, FileContent file, MediaMethod method, string? id, bool isFormatted, CancellationToken cancellationToken)
    {
        if (id is not null) return await Bot.CallAsync(method.Method, json => _form.Write(json, chat, file, method, id, isFormatted), cancellationToken).ConfigureAwait(false);
        using var form = _form.Upload(chat, file, method, isFormatted);
        return await Bot.UploadAsync(method.Method, form, cancellationToken).ConfigureAwait(false);
    }

    // A message's id is unique in its chat alone.
    private static SendOutcome OutcomeOf(BotAnswer answer, string chat) => answer.Failure
        ?? (answer.Result.Text("message_id") is { } id
            ? SendOutcome.Accepted($"{answer.Result.Member("chat").Text("id") ?? chat}:{id}")
            : SendOutcome.InDoubt(FailureReason.UnreadableAnswer, "The answer names no message."));

    // A photo comes in several sizes, the largest last; an animation is a document as well.
    private static string? FileIdOf(JsonElement message, MediaMethod method) =>
        (message.Member(method.Field) is { ValueKind: JsonValueKind.Array } ? message.Items(method.Field).LastOrDefault() : message.Member(method.Field)).Text("file_id");
}
