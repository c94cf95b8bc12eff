using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.Simulator;

/// <summary>Settings of one channel. Percentages are shares of addresses or messages, chosen by the seed.</summary>
public sealed class SimulatorSettings
{
    [Setting("Kind of address", LabelEs = "Tipo de dirección")]
    public ChosenAddressKind AddressKind { get; set; } = ChosenAddressKind.Phone;

    [Setting("Seed", LabelEs = "Semilla", Help = "The same seed gives every address and message the same fate.", HelpEs = "La misma semilla da a cada dirección y mensaje el mismo destino.")]
    public int Seed { get; set; } = 1;

    [Setting("Latency (ms)", LabelEs = "Latencia (ms)"), Range(0, 60_000)]
    public int LatencyMs { get; set; } = 20;

    [Setting("Jitter (ms)", LabelEs = "Variación (ms)", Help = "Up to so much is added to the latency.", HelpEs = "Se añade hasta este tiempo a la latencia."), Range(0, 60_000)]
    public int JitterMs { get; set; } = 10;

    [Setting("Limit per second", LabelEs = "Límite por segundo", Help = "What exceeds it in any second is throttled. 0: no limit.", HelpEs = "Lo que lo supere en cualquier segundo se frena. 0: sin límite."), Range(0, 100_000)]
    public int LimitPerSecond { get; set; }

    [Setting("Invalid addresses (%)", LabelEs = "Direcciones no válidas (%)"), Range(0.0, 100.0)]
    public double InvalidPercent { get; set; }

    [Setting("Blocked by the recipient (%)", LabelEs = "Bloqueado por el destinatario (%)"), Range(0.0, 100.0)]
    public double BlockedPercent { get; set; }

    [Setting("Mailbox full at first (%)", LabelEs = "Buzón lleno al principio (%)", Help = "Takes the message at the second, third or fourth try.", HelpEs = "Acepta el mensaje en el segundo, tercer o cuarto intento."), Range(0.0, 100.0)]
    public double MailboxFullPercent { get; set; }

    [Setting("Content refused (%)", LabelEs = "Contenido rechazado (%)"), Range(0.0, 100.0)]
    public double ContentRefusedPercent { get; set; }

    [Setting("Provider errors (%)", LabelEs = "Errores del proveedor (%)", Help = "The provider fails while it has the message; half of these went out.", HelpEs = "El proveedor falla con el mensaje en sus manos; la mitad sí salió."), Range(0.0, 100.0)]
    public double ErrorPercent { get; set; }

    [Setting("Lost answers (%)", LabelEs = "Respuestas perdidas (%)", Help = "The message goes out, but the answer never comes.", HelpEs = "El mensaje sale, pero la respuesta nunca llega."), Range(0.0, 100.0)]
    public double LostAnswerPercent { get; set; }

    [Setting("Receipts", LabelEs = "Confirmaciones", Help = "Delivered, read and failed, late, doubled and out of order.", HelpEs = "Entregado, leído y fallido; tarde, repetidos y desordenados.")]
    public bool Receipts { get; set; } = true;

    [Setting("Receipt delay (ms)", LabelEs = "Retraso de confirmaciones (ms)", Advanced = true), Range(0, 86_400_000)]
    public int ReceiptDelayMs { get; set; } = 2000;

    [Setting("Read (%)", LabelEs = "Leídos (%)", Advanced = true), Range(0.0, 100.0)]
    public double ReadPercent { get; set; } = 40;

    [Setting("Failed after acceptance (%)", LabelEs = "Fallidos tras aceptarse (%)", Advanced = true), Range(0.0, 100.0)]
    public double LateFailurePercent { get; set; } = 1;

    [Setting("Drop repeats", LabelEs = "Descartar repeticiones", Help = "A message id that was taken already is answered as before and not sent again.", HelpEs = "Un mensaje ya aceptado se responde igual y no se envía otra vez.", Advanced = true)]
    public bool Idempotent { get; set; }

    [Setting("Answer lookups", LabelEs = "Responder consultas", Help = "Says which messages it took.", HelpEs = "Dice qué mensajes aceptó.", Advanced = true)]
    public bool Lookup { get; set; }

    [Setting("Journal file", LabelEs = "Archivo de registro", Help = "Full path. One line per message that was really taken: id, attempt, outcome, ms of the machine's own clock, process. Processes may share it.", HelpEs = "Ruta completa. Una línea por mensaje realmente aceptado: id, intento, resultado, ms del reloj propio de la máquina, proceso. Varios procesos pueden compartirlo.", Advanced = true), StringLength(1000)]
    public string? JournalFile { get; set; }
}
