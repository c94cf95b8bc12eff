using System.ComponentModel.DataAnnotations;
using Broadcasts;

namespace Acme.Pigeon;

/// <summary>The settings of one channel. The console draws the form from this class; initial values are the defaults.</summary>
public sealed class Settings
{
    [Setting("Address of the API", LabelEs = "Dirección de la API", Help = "Messages are posted to 'messages' below it.", HelpEs = "Los mensajes se envían a «messages» debajo de ella.")]
    [Required, StringLength(2000)]
    public string Url { get; set; } = "https://api.example.com/v1/";

    [Setting("API key", LabelEs = "Clave de la API")]
    [Required, Secret, StringLength(500)]
    public string ApiKey { get; set; } = "";

    [Setting("Webhook secret", LabelEs = "Secreto del webhook", Help = "Proves that receipts come from the provider.", HelpEs = "Prueba que las confirmaciones son del proveedor.")]
    [Required, Secret, StringLength(500)]
    public string WebhookSecret { get; set; } = "";

    [Setting("Sender", LabelEs = "Remitente")]
    [Required, StringLength(50)]
    public string Sender { get; set; } = "ACME";

    [Setting("Time limit (s)", LabelEs = "Tiempo límite (s)", Help = "After it the outcome is in doubt.", HelpEs = "Después, el resultado queda en duda.", Advanced = true)]
    [Range(1, 30)]
    public int TimeoutSeconds { get; set; } = 20;
}
