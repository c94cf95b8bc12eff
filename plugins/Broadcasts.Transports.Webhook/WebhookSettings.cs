using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.Webhook;

/// <summary>Settings of one channel.</summary>
public sealed class WebhookSettings
{
    [Setting("Address", LabelEs = "Dirección", Placeholder = "https://example.org/messages",
        Help = "Each message is sent there as a POST with a JSON body.", HelpEs = "Cada mensaje se envía allí como un POST con un cuerpo JSON.")]
    [Required, StringLength(2000)]
    public string Url { get; set; } = "";

    [Setting("Signing secret", LabelEs = "Secreto de firma",
        Help = "Signs what we send (X-Broadcasts-Signature) and proves the receipts that come back. 16 characters or more.",
        HelpEs = "Firma lo que enviamos (X-Broadcasts-Signature) y verifica las confirmaciones. 16 caracteres o más.")]
    [Required, Secret, StringLength(500), RegularExpression(".{16,}")]
    public string Secret { get; set; } = "";

    [Setting("Kind of address", LabelEs = "Tipo de dirección",
        Help = "Which address of a contact the system wants.", HelpEs = "Qué dirección del contacto necesita el sistema.")]
    public ChosenAddressKind AddressKind { get; set; } = ChosenAddressKind.Phone;

    [Setting("Time limit (s)", LabelEs = "Tiempo límite (s)", Help = "After it the outcome is in doubt.", HelpEs = "Después, el resultado queda en duda.", Advanced = true)]
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 30;

    [Setting("Extra header", LabelEs = "Cabecera adicional", Placeholder = "Authorization", Advanced = true)]
    [StringLength(100), RegularExpression("[A-Za-z0-9-]+")]
    public string? HeaderName { get; set; }

    [Setting("Value of the extra header", LabelEs = "Valor de la cabecera adicional", Placeholder = "Bearer …", Advanced = true)]
    [Secret, StringLength(4000), RegularExpression(@"[\x20-\x7e]+")]
    public string? HeaderValue { get; set; }
}
