using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Settings of one channel: one business phone number.</summary>
public sealed class WhatsAppCloudSettings
{
    [Setting("Phone number ID", LabelEs = "Identificador del número", Placeholder = "106540352242922",
        Help = "From Meta's WhatsApp Manager; it is not the phone number itself.", HelpEs = "De WhatsApp Manager de Meta; no es el número de teléfono.")]
    [Required, StringLength(30), RegularExpression("[0-9]+")]
    public string PhoneNumberId { get; set; } = "";

    [Setting("WhatsApp Business Account ID", LabelEs = "Identificador de la cuenta de WhatsApp Business", Placeholder = "102290129340398",
        Help = "The account that the number belongs to. News of other accounts is ignored.", HelpEs = "La cuenta a la que pertenece el número. Las noticias de otras cuentas se ignoran.")]
    [Required, StringLength(30), RegularExpression("[0-9]+")]
    public string WabaId { get; set; } = "";

    [Setting("Access token", LabelEs = "Token de acceso",
        Help = "Of a system user, with whatsapp_business_messaging and whatsapp_business_management.",
        HelpEs = "De un usuario del sistema, con whatsapp_business_messaging y whatsapp_business_management.")]
    [Required, Secret, StringLength(2000), RegularExpression(@"[\x21-\x7e]+")]
    public string AccessToken { get; set; } = "";

    [Setting("App secret", LabelEs = "Clave secreta de la app",
        Help = "Proves what Meta sends to the webhook. Without it receipts and replies are refused.",
        HelpEs = "Demuestra lo que Meta envía al webhook. Sin ella se rechazan confirmaciones y respuestas.")]
    [Secret, StringLength(200), RegularExpression(@"[\x21-\x7e]+")]
    public string? AppSecret { get; set; }

    [Setting("Webhook verify token", LabelEs = "Token de verificación del webhook",
        Help = "A word of your own that Meta repeats once when the webhook is set up.", HelpEs = "Una palabra propia que Meta repite una vez al configurar el webhook.")]
    [Secret, StringLength(200), RegularExpression(@"[\x21-\x7e]+")]
    public string? VerifyToken { get; set; }

    [Setting("Link previews", LabelEs = "Vista previa de enlaces", Help = "WhatsApp shows a preview of the first link of a text.", HelpEs = "WhatsApp muestra una vista previa del primer enlace de un texto.")]
    public bool LinkPreview { get; set; }

    [Setting("Button that opens a list", LabelEs = "Botón que abre una lista",
        Help = "Shown with 4 to 10 options; at most 20 characters.", HelpEs = "Se muestra con 4 a 10 opciones; 20 caracteres como máximo.")]
    [Required, StringLength(20)]
    public string ListButton { get; set; } = "Opciones / Options";

    [Setting("Opt-out payloads", LabelEs = "Valores de baja",
        Help = "Payloads of a template's quick-reply buttons that opt the contact out, separated by commas.",
        HelpEs = "Valores de los botones de respuesta rápida de una plantilla que dan de baja al contacto, separados por comas.", Advanced = true)]
    [StringLength(500)]
    public string OptOutPayloads { get; set; } = "STOP, BAJA, UNSUBSCRIBE";

    [Setting("Marketing messages endpoint", LabelEs = "Punto de acceso de mensajes de marketing",
        Help = "Sends every template through Meta's Marketing Messages API. For channels that send marketing templates alone.",
        HelpEs = "Envía todas las plantillas por la Marketing Messages API de Meta. Para canales que solo envían plantillas de marketing.", Advanced = true)]
    public bool MarketingEndpoint { get; set; }

    [Setting("Prove calls with the app secret", LabelEs = "Firmar las llamadas con la clave secreta",
        Help = "Sends appsecret_proof. The token must be of the app that the secret belongs to.",
        HelpEs = "Envía appsecret_proof. El token debe ser de la app a la que pertenece la clave.", Advanced = true)]
    public bool AppSecretProof { get; set; }

    [Setting("API address", LabelEs = "Dirección de la API", Advanced = true)]
    [Required, StringLength(500)]
    public string BaseUrl { get; set; } = "https://graph.facebook.com";

    [Setting("API version", LabelEs = "Versión de la API", Help = "Meta keeps a version for about two years.", HelpEs = "Meta mantiene una versión unos dos años.", Advanced = true)]
    [Required, StringLength(10), RegularExpression(@"v[0-9]+\.[0-9]+")]
    public string ApiVersion { get; set; } = "v25.0";

    [Setting("Time limit (s)", LabelEs = "Tiempo límite (s)", Help = "After it the outcome is in doubt.", HelpEs = "Después, el resultado queda en duda.", Advanced = true)]
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 30;

    [Setting("Time limit of a file's upload (s)", LabelEs = "Tiempo límite para subir un archivo (s)", Advanced = true)]
    [Range(1, 120)]
    public int UploadTimeoutSeconds { get; set; } = 90;

    [Setting("Days that an uploaded file is reused", LabelEs = "Días que se reutiliza un archivo subido", Help = "Meta keeps it for 30.", HelpEs = "Meta lo conserva 30.", Advanced = true)]
    [Range(1, 29)]
    public int MediaDays { get; set; } = 25;

    [Setting("Pause of one recipient (s)", LabelEs = "Pausa de un destinatario (s)",
        Help = "After too many messages to the same recipient (131056).", HelpEs = "Tras demasiados mensajes al mismo destinatario (131056).", Advanced = true)]
    [Range(6, 3600)]
    public int PairPauseSeconds { get; set; } = 6;

    [Setting("Pause after a spam limit (h)", LabelEs = "Pausa tras un límite por spam (h)",
        Help = "After recipients blocked or reported too many messages (131048).", HelpEs = "Tras demasiados bloqueos o denuncias (131048).", Advanced = true)]
    [Range(1, 72)]
    public int SpamPauseHours { get; set; } = 4;

    [Setting("Wait after a recipient's marketing cap (h)", LabelEs = "Espera tras el tope de marketing (h)",
        Help = "After Meta withheld a marketing message from somebody who gets many (131049).",
        HelpEs = "Cuando Meta retuvo un mensaje de marketing a quien recibe muchos (131049).", Advanced = true)]
    [Range(24, 720)]
    public int MarketingCapHours { get; set; } = 24;
}
