using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.Telegram;

/// <summary>How the bot hears of messages to it. Telegram allows one way at a time.</summary>
public enum UpdateSource
{
    /// <summary>Not at all.</summary>
    [Setting("Not at all", LabelEs = "De ninguna manera")]
    None,

    /// <summary>Telegram calls the channel's public https address.</summary>
    [Setting("Telegram calls (webhook)", LabelEs = "Telegram llama (webhook)")]
    Webhook,

    /// <summary>The channel asks: for services without a public address.</summary>
    [Setting("The channel asks (polling)", LabelEs = "El canal pregunta (polling)")]
    Polling,
}

/// <summary>What a text may hold.</summary>
public enum TextFormat
{
    /// <summary>Every character is itself.</summary>
    [Setting("Plain text", LabelEs = "Texto sin formato")]
    Plain,

    /// <summary>Telegram's HTML tags. A text that Telegram can't read as HTML goes out as it is.</summary>
    [Setting("HTML")]
    Html,
}

/// <summary>How options are offered.</summary>
public enum KeyboardKind
{
    /// <summary>Buttons below the message.</summary>
    [Setting("Buttons below the message", LabelEs = "Botones bajo el mensaje")]
    Inline,

    /// <summary>A keyboard in the place of the recipient's own.</summary>
    [Setting("Keyboard of answers", LabelEs = "Teclado de respuestas")]
    Reply,

    /// <summary>Numbered lines.</summary>
    [Setting("Numbered lines", LabelEs = "Líneas numeradas")]
    None,
}

/// <summary>Settings of one channel: one bot.</summary>
public sealed class TelegramSettings
{
    [Setting("Bot token", LabelEs = "Token del bot", Placeholder = "123456789:AA…", Help = "From @BotFather.", HelpEs = "De @BotFather.")]
    [Required, Secret, StringLength(200), RegularExpression("[0-9]+:[A-Za-z0-9_-]+")]
    public string BotToken { get; set; } = "";

    [Setting("Replies come by", LabelEs = "Las respuestas llegan por",
        Help = "Webhook: needs the service's public https address; the connection test registers it. Polling: the channel asks.",
        HelpEs = "Webhook: necesita la dirección pública https del servicio; la prueba de conexión la registra. Polling: el canal pregunta.")]
    public UpdateSource Updates { get; set; } = UpdateSource.Polling;

    [Setting("Webhook secret", LabelEs = "Secreto del webhook", Help = "A word of your own that Telegram repeats with each call. Without it every call is refused.",
        HelpEs = "Una palabra propia que Telegram repite en cada llamada. Sin ella se rechazan todas.")]
    [Secret, StringLength(256), RegularExpression("[A-Za-z0-9_-]+")]
    public string? WebhookSecret { get; set; }

    [Setting("Texts are", LabelEs = "Los textos son", Help = "In HTML <b>, <i>, <a href> and the like are formatting.", HelpEs = "En HTML, <b>, <i>, <a href> y similares dan formato.")]
    public TextFormat Format { get; set; }

    [Setting("Options are shown as", LabelEs = "Las opciones se muestran como")]
    public KeyboardKind Keyboard { get; set; }

    [Setting("Link previews", LabelEs = "Vista previa de enlaces")]
    public bool LinkPreview { get; set; } = true;

    [Setting("Silent", LabelEs = "En silencio", Help = "No sound at the recipient's.", HelpEs = "Sin sonido para el destinatario.")]
    public bool Silent { get; set; }

    [Setting("Protected", LabelEs = "Protegido", Help = "Recipients can't forward or save it.", HelpEs = "No se puede reenviar ni guardar.")]
    public bool Protect { get; set; }

    [Setting("Paid broadcasts", LabelEs = "Envíos de pago", Help = "Up to 1,000 messages a second; beyond 30 a second Telegram charges the bot's Stars. Set the channel's rate, too.",
        HelpEs = "Hasta 1000 mensajes por segundo; por encima de 30 por segundo Telegram cobra Stars del bot. Ajusta también el ritmo del canal.", Advanced = true)]
    public bool PaidBroadcast { get; set; }

    [Setting("Words that opt out", LabelEs = "Palabras de baja", Help = "With commas. /start takes it back.", HelpEs = "Con comas. /start lo anula.", Advanced = true), StringLength(500)]
    public string? OptOutWords { get; set; } = "/stop, STOP, BAJA, UNSUBSCRIBE";

    [Setting("API address", LabelEs = "Dirección de la API", Help = "Another one for a Bot API server of your own.", HelpEs = "Otra para un servidor propio de la Bot API.", Advanced = true)]
    [Required, StringLength(500)]
    public string BaseUrl { get; set; } = "https://api.telegram.org";

    [Setting("Time limit of a call (s)", LabelEs = "Tiempo límite de una llamada (s)", Advanced = true), Range(1, 120)]
    public int TimeoutSeconds { get; set; } = 30;

    [Setting("Time limit of an upload (s)", LabelEs = "Tiempo límite de una subida (s)", Advanced = true), Range(1, 600)]
    public int UploadTimeoutSeconds { get; set; } = 120;

    [Setting("Wait of a poll (s)", LabelEs = "Espera de una consulta (s)", Help = "Telegram answers at once when there is news.", HelpEs = "Telegram responde al instante si hay novedades.", Advanced = true), Range(0, 40)]
    public int PollSeconds { get; set; } = 25;
}
