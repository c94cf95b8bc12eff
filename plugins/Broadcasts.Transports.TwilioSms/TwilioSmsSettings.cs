using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.TwilioSms;

/// <summary>Settings of one channel: one sender of one account.</summary>
public sealed class TwilioSmsSettings
{
    [Setting("Account SID", LabelEs = "SID de la cuenta", Placeholder = "AC…"), Required, StringLength(34), RegularExpression("AC[0-9a-fA-F]{32}")]
    public string AccountSid { get; set; } = "";

    [Setting("Auth token", LabelEs = "Token de autenticación", Help = "Proves what Twilio sends to the webhook, and signs in when there is no API key.",
        HelpEs = "Demuestra lo que Twilio envía al webhook, y autentica si no hay clave de API.")]
    [Required, Secret, StringLength(200), RegularExpression(@"[\x21-\x7e]+")]
    public string AuthToken { get; set; } = "";

    [Setting("API key SID", LabelEs = "SID de la clave de API", Placeholder = "SK…", Help = "Signs in by a key instead of the account's token.", HelpEs = "Autentica con una clave en vez del token de la cuenta.", Advanced = true)]
    [StringLength(34), RegularExpression("SK[0-9a-fA-F]{32}")]
    public string? ApiKeySid { get; set; }

    [Setting("API key secret", LabelEs = "Secreto de la clave de API", Advanced = true), Secret, StringLength(200), RegularExpression(@"[\x21-\x7e]+")]
    public string? ApiKeySecret { get; set; }

    [Setting("Sender", LabelEs = "Remitente", Placeholder = "+15017122661", Help = "A number, a short code or a name of up to 11 characters. Empty with a messaging service.",
        HelpEs = "Un número, un código corto o un nombre de hasta 11 caracteres. Vacío con un servicio de mensajería."), StringLength(20), RegularExpression(@"\+?[0-9]{3,15}|[A-Za-z0-9 +&_-]{1,11}")]
    public string? From { get; set; }

    [Setting("Messaging service SID", LabelEs = "SID del servicio de mensajería", Placeholder = "MG…", Help = "Chooses the sender out of its pool.", HelpEs = "Elige el remitente de su grupo."), StringLength(34), RegularExpression("MG[0-9a-fA-F]{32}")]
    public string? MessagingServiceSid { get; set; }

    [Setting("Words that opt out", LabelEs = "Palabras de baja", Help = "Besides Twilio's own (STOP, UNSUBSCRIBE, CANCEL …), with commas. Twilio itself does not stop for these.",
        HelpEs = "Además de las de Twilio (STOP, UNSUBSCRIBE, CANCEL …), con comas. Twilio mismo no se detiene por ellas.", Advanced = true), StringLength(500)]
    public string? OptOutWords { get; set; } = "BAJA, ALTO";

    [Setting("Smart encoding", LabelEs = "Codificación inteligente", Help = "Twilio replaces typographic characters by plain ones, which makes texts shorter.", HelpEs = "Twilio sustituye caracteres tipográficos por sencillos, lo que acorta los textos.", Advanced = true)]
    public bool SmartEncoded { get; set; }

    [Setting("Shorten links", LabelEs = "Acortar enlaces", Help = "With a messaging service that has a link domain.", HelpEs = "Con un servicio de mensajería que tenga dominio de enlaces.", Advanced = true)]
    public bool ShortenUrls { get; set; }

    [Setting("API address", LabelEs = "Dirección de la API", Advanced = true), Required, StringLength(500)]
    public string BaseUrl { get; set; } = "https://api.twilio.com";

    [Setting("Time limit of a call (s)", LabelEs = "Tiempo límite de una llamada (s)", Advanced = true), Range(1, 120)]
    public int TimeoutSeconds { get; set; } = 30;
}
