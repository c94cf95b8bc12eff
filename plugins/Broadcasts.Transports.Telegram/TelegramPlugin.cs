[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.Telegram.TelegramPlugin))]

namespace Broadcasts.Transports.Telegram;

/// <summary>Telegram through a bot (Bot API 10.1, as of 2026-11): one channel per bot.</summary>
public sealed class TelegramPlugin : ITransportPlugin
{
    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "telegram",
        DisplayName = "Telegram",
        Description = new LocalizedText { English = "Sends through a Telegram bot, and hears replies and blocks.", Spanish = "Envía por un bot de Telegram y escucha respuestas y bloqueos." },
        AddressKind = AddressKinds.Telegram,
        Settings = SettingsForm.For<TelegramSettings>(),
        DocumentationUrl = "https://core.telegram.org/bots/api",
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File,
            MaxTextLength = MessageForm.LongestText,
            MaxChoices = MessageForm.MostChoices,
            MaxFileBytes = MediaMethod.LargestFile,
            MaxInFlight = 128,
            // "About 30 a second over all chats"; a little less, for the limit is Telegram's to move.
            DefaultRatePerSecond = 25,
            // An upload and a second try, each at its largest limit, and some room.
            SendDeadline = TimeSpan.FromMinutes(14),
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<TelegramSettings>();
        var problems = new List<SettingProblem>();
        if (settings.BotToken.Length == 0) problems.Add(new SettingProblem("botToken", "Give the bot's token.") { MessageEs = "Indica el token del bot." });
        if (!Uri.TryCreate(settings.BaseUrl, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp) || url.Query.Length > 0)
            problems.Add(new SettingProblem("baseUrl", $"'{settings.BaseUrl}' is not an http or https address.") { MessageEs = $"«{settings.BaseUrl}» no es una dirección http o https." });
        if (settings.Updates == UpdateSource.Webhook && string.IsNullOrEmpty(settings.WebhookSecret))
            problems.Add(new SettingProblem("webhookSecret", "A webhook needs a secret, or nobody could tell Telegram's calls from others.") { MessageEs = "Un webhook necesita un secreto; sin él no se distinguen las llamadas de Telegram de otras." });
        return [.. problems];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        var settings = context.GetSettings<TelegramSettings>();
        return new ValueTask<ITransport>(settings.Updates switch
        {
            UpdateSource.Webhook => new TelegramWebhookTransport(settings, context),
            UpdateSource.Polling => new TelegramPollingTransport(settings, context),
            _ => new TelegramTransport(settings, context),
        });
    }
}
