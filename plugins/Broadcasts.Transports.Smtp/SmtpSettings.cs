using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.Smtp;

/// <summary>How the connection is protected.</summary>
public enum SmtpSecurity
{
    /// <summary>Clear text to this machine without credentials, otherwise STARTTLS or nothing.</summary>
    Auto,

    /// <summary>Clear text.</summary>
    None,

    /// <summary>STARTTLS or nothing.</summary>
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    Tls,
}

/// <summary>Settings of one channel.</summary>
public sealed class SmtpSettings
{
    [Setting("Server", LabelEs = "Servidor", Placeholder = "smtp.example.org"), Required, StringLength(253)]
    public string Host { get; set; } = "";

    [Setting("Port", LabelEs = "Puerto", Help = "Empty: 465 for TLS, 25 without security, otherwise 587.", HelpEs = "Vacío: 465 para TLS, 25 sin seguridad, si no 587."), Range(1, 65535)]
    public int? Port { get; set; }

    [Setting("Security", LabelEs = "Seguridad",
        Help = "auto: STARTTLS or refuse; clear text only to this machine without credentials.",
        HelpEs = "auto: STARTTLS o nada; texto claro solo hacia esta máquina y sin credenciales.")]
    public SmtpSecurity Security { get; set; }

    [Setting("User name", LabelEs = "Usuario"), StringLength(320)]
    public string? Username { get; set; }

    [Setting("Password", LabelEs = "Contraseña"), Secret, StringLength(1000)]
    public string? Password { get; set; }

    [Setting("Sender", LabelEs = "Remitente", Placeholder = "News <news@example.org>"), Required, StringLength(500)]
    public string From { get; set; } = "";

    [Setting("Replies to", LabelEs = "Responder a", Placeholder = "office@example.org"), StringLength(500)]
    public string? ReplyTo { get; set; }

    [Setting("Subject of other messages", LabelEs = "Asunto de otros mensajes",
        Help = "For texts and files, which have no subject. Empty: the first line of the text.",
        HelpEs = "Para textos y archivos, que no tienen asunto. Vacío: la primera línea del texto.", Advanced = true), StringLength(200)]
    public string? Subject { get; set; }

    [Setting("Name in the greeting", LabelEs = "Nombre en el saludo", Placeholder = "mail.example.org",
        Help = "EHLO name. Empty: the name of this machine.", HelpEs = "Nombre EHLO. Vacío: el nombre de esta máquina.", Advanced = true), StringLength(253), RegularExpression(@"[A-Za-z0-9.\-\[\]:]+")]
    public string? HeloName { get; set; }

    [Setting("Connections", LabelEs = "Conexiones", Help = "Most connections at once.", HelpEs = "Máximo de conexiones a la vez.", Advanced = true), Range(1, 64)]
    public int MaxConnections { get; set; } = 4;

    [Setting("Messages per connection", LabelEs = "Mensajes por conexión", Advanced = true), Range(1, 10_000)]
    public int MessagesPerConnection { get; set; } = 100;

    [Setting("Time limit to connect (s)", LabelEs = "Tiempo límite para conectar (s)", Advanced = true), Range(1, 120)]
    public int ConnectTimeoutSeconds { get; set; } = 20;

    [Setting("Time limit for an answer (s)", LabelEs = "Tiempo límite de respuesta (s)", Help = "After it a message that was written is in doubt.", HelpEs = "Después, un mensaje ya escrito queda en duda.", Advanced = true), Range(1, 600)]
    public int AnswerTimeoutSeconds { get; set; } = 120;

    internal int EffectivePort => Port ?? Security switch { SmtpSecurity.Tls => 465, SmtpSecurity.None => 25, _ => 587 };

    internal bool HasCredentials => !string.IsNullOrEmpty(Username);
}
