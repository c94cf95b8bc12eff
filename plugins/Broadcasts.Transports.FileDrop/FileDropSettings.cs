using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.FileDrop;

/// <summary>What the files look like.</summary>
public enum FileFormat
{
    [Setting("JSON")]
    Json,
    [Setting("E-mail (.eml)", LabelEs = "Correo (.eml)")]
    Eml,
    [Setting("Text", LabelEs = "Texto")]
    Text,
}

/// <summary>Settings of one channel.</summary>
public sealed class FileDropSettings
{
    [Setting("Folder", LabelEs = "Carpeta", Placeholder = "/srv/outbox",
        Help = "Full path of a folder that the service may write to. Empty: a folder of the channel's own in the data directory.",
        HelpEs = "Ruta completa de una carpeta en la que el servicio puede escribir. Vacía: una carpeta propia del canal en el directorio de datos.")]
    [StringLength(1000)]
    public string? Folder { get; set; }

    [Setting("Format", LabelEs = "Formato",
        Help = "JSON: everything there is, for programs. E-mail: opens in a mail program. Text: for people.",
        HelpEs = "JSON: todo, para programas. Correo: se abre en un programa de correo. Texto: para personas.")]
    public FileFormat Format { get; set; } = FileFormat.Json;

    [Setting("Kind of address", LabelEs = "Tipo de dirección",
        Help = "Which address of a contact the message is written for.",
        HelpEs = "Para qué dirección del contacto se escribe el mensaje.")]
    public ChosenAddressKind AddressKind { get; set; } = ChosenAddressKind.Email;

    [Setting("Flush each file to disk", LabelEs = "Guardar cada archivo en el disco",
        Help = "A message counts as sent only when a power cut can't undo it. Switch off for speed.",
        HelpEs = "Un mensaje cuenta como enviado solo cuando un corte de luz ya no puede deshacerlo. Desactívalo para ganar velocidad.",
        Advanced = true)]
    public bool Flush { get; set; } = true;
}
