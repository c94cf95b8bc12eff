[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.TwilioSms.TwilioSmsPlugin))]

namespace Broadcasts.Transports.TwilioSms;

/// <summary>SMS through Twilio's Messages API (2010-04-01, as of 2026-11): one channel per sender or messaging service.</summary>
public sealed class TwilioSmsPlugin : ITransportPlugin
{
    /// <summary>Characters of a body, whatever its encoding.</summary>
    internal const int LongestText = 1600;

    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "twilio-sms",
        DisplayName = "SMS (Twilio)",
        Description = new LocalizedText { English = "Sends SMS through Twilio, with receipts, replies and opt-outs.", Spanish = "Envía SMS por Twilio, con confirmaciones, respuestas y bajas." },
        AddressKind = AddressKinds.Phone,
        Settings = SettingsForm.For<TwilioSmsSettings>(),
        DocumentationUrl = "https://www.twilio.com/docs/messaging/api/message-resource",
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.Template,
            MaxTextLength = LongestText,
            CountsSegments = true,
            MaxInFlight = 100,
            // A long code in the United States: one segment a second. Other senders have more.
            DefaultRatePerSecond = 1,
            SendDeadline = TimeSpan.FromSeconds(125),
            Receipts = ReceiptKinds.Delivered | ReceiptKinds.Failed,
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<TwilioSmsSettings>();
        var problems = new List<SettingProblem>();
        Check(problems, settings.AccountSid.Length > 0, "accountSid", "Give the account's SID.", "Indica el SID de la cuenta.");
        Check(problems, settings.AuthToken.Length > 0, "authToken", "Give the auth token.", "Indica el token de autenticación.");
        Check(problems, string.IsNullOrWhiteSpace(settings.From) != string.IsNullOrWhiteSpace(settings.MessagingServiceSid), "from",
            "Give a sender or a messaging service, and not both.", "Indica un remitente o un servicio de mensajería, y no ambos.");
        Check(problems, string.IsNullOrEmpty(settings.ApiKeySid) == string.IsNullOrEmpty(settings.ApiKeySecret), "apiKeySecret",
            "An API key has a SID and a secret.", "Una clave de API tiene SID y secreto.");
        Check(problems, Uri.TryCreate(settings.BaseUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) && url.Query.Length == 0,
            "baseUrl", $"'{settings.BaseUrl}' is not an http or https address.", $"«{settings.BaseUrl}» no es una dirección http o https.");
        return [.. problems];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        return new ValueTask<ITransport>(new TwilioSmsTransport(context.GetSettings<TwilioSmsSettings>(), context));
    }

    private static void Check(List<SettingProblem> problems, bool isRight, string setting, string english, string spanish)
    {
        if (!isRight) problems.Add(new SettingProblem(setting, english) { MessageEs = spanish });
    }
}
