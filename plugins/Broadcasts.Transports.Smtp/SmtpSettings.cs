using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Transports.Smtp;

/// <summary>How the connection is protected.</summary>
public enum SmtpSecurity
{
    /// <summary>Clear text to this machine without credentials, otherwise STARTTLS or nothing.</summary>
    [Setting("Automatic", LabelEs = "Automática")]
    Auto,

    /// <summary>Clear text.</summary>
    [Setting("None (clear text)", LabelEs = "Ninguna (texto claro)")]
    None,

    /// <summary>STARTTLS or nothing.</summary>
    [Setting("STARTTLS")]
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    [Setting("TLS")]
    Tls,
}

/// <summary>How the mailbox is read to which bounces and replies come.</summary>
public enum MailboxProtocol
{
    /// <summary>Not at all.</summary>
    [Setting("Not read", LabelEs = "No se lee")]
    None,

    /// <summary>IMAP4rev1, without changing anything in the folder.</summary>
    [Setting("IMAP")]
    Imap,

    /// <summary>POP3.</summary>
    [Setting("POP3")]
    Pop3,
}

/// <summary>Settings of one channel.</summary>
public sealed class SmtpSettings
{
    [Setting("Server", LabelEs = "Servidor", Placeholder = "smtp.example.org"), Required, StringLength(253)]
    public string Host { get; set; } = "";

    [Setting("Port", LabelEs = "Puerto", Help = "Empty: 465 for TLS, 25 without security, otherwise 587.", HelpEs = "Vacío: 465 para TLS, 25 sin seguridad, si no 587."), Range(1, 65535)]
    public int? Port { get; set; }

    [Setting("Security", LabelEs = "Seguridad",
        Help = "Automatic: STARTTLS or refuse; clear text only to this machine without credentials.",
        HelpEs = "Automática: STARTTLS o nada; texto claro solo hacia esta máquina y sin credenciales.")]
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

    [Setting("Address for bounces", LabelEs = "Dirección para rebotes", Placeholder = "bounce@example.org",
        Help = "Envelope sender: each message goes out as bounce+TOKEN@example.org, so that a bounce names its message. Its mail system must take plus addresses. Empty: the sender.",
        HelpEs = "Remitente del sobre: cada mensaje sale como bounce+TOKEN@example.org, para que un rebote nombre su mensaje. El sistema de correo debe admitir direcciones con «+». Vacío: el remitente."), StringLength(320)]
    public string? BounceAddress { get; set; }

    [Setting("Key for bounces", LabelEs = "Clave para rebotes",
        Help = "Signs the tokens in addresses and Message-IDs, so that forged bounces do nothing. 16 characters or more; a new key forgets what is under way.",
        HelpEs = "Firma los tokens de direcciones y Message-ID, para que los rebotes falsos no hagan nada. 16 caracteres o más; con otra clave se olvida lo que está en camino."), Secret, StringLength(500), RegularExpression(".{16,}")]
    public string? BounceKey { get; set; }

    [Setting("Ask for news of deliveries", LabelEs = "Pedir noticia de las entregas",
        Help = "Where the mail server offers it (DSN). A report comes back for every mail: read the mailbox often.",
        HelpEs = "Si el servidor de correo lo ofrece (DSN). Vuelve un informe por cada correo: lee el buzón a menudo.", Advanced = true)]
    public bool AskForDelivery { get; set; }

    [Setting("Read the mailbox by", LabelEs = "Leer el buzón por", Help = "The mailbox to which bounces, complaints and replies come.", HelpEs = "El buzón al que llegan rebotes, quejas y respuestas.")]
    public MailboxProtocol MailboxProtocol { get; set; }

    [Setting("Mailbox server", LabelEs = "Servidor del buzón", Placeholder = "imap.example.org", Help = "Empty: the server that sends.", HelpEs = "Vacío: el servidor de envío."), StringLength(253)]
    public string? MailboxHost { get; set; }

    [Setting("Mailbox port", LabelEs = "Puerto del buzón", Help = "Empty: 993 or 143 for IMAP, 995 or 110 for POP3.", HelpEs = "Vacío: 993 o 143 para IMAP, 995 o 110 para POP3."), Range(1, 65535)]
    public int? MailboxPort { get; set; }

    [Setting("Mailbox security", LabelEs = "Seguridad del buzón", Help = "Automatic: TLS from the first byte; STARTTLS on the ports 143 and 110.", HelpEs = "Automática: TLS desde el primer byte; STARTTLS en los puertos 143 y 110.")]
    public SmtpSecurity MailboxSecurity { get; set; }

    [Setting("Mailbox user name", LabelEs = "Usuario del buzón", Help = "Empty: the user name for sending.", HelpEs = "Vacío: el usuario de envío."), StringLength(320)]
    public string? MailboxUsername { get; set; }

    [Setting("Mailbox password", LabelEs = "Contraseña del buzón", Help = "Empty: the password for sending.", HelpEs = "Vacío: la contraseña de envío."), Secret, StringLength(1000)]
    public string? MailboxPassword { get; set; }

    [Setting("Folder", LabelEs = "Carpeta", Help = "IMAP alone.", HelpEs = "Solo IMAP.", Advanced = true), StringLength(500)]
    public string MailboxFolder { get; set; } = "INBOX";

    [Setting("Read every (s)", LabelEs = "Leer cada (s)", Advanced = true), Range(5, 86_400)]
    public int MailboxPollSeconds { get; set; } = 60;

    [Setting("Time limit for reading (s)", LabelEs = "Tiempo límite de lectura (s)", Advanced = true), Range(1, 55)]
    public int MailboxTimeoutSeconds { get; set; } = 40;

    [Setting("Most of one mail (KB)", LabelEs = "Máximo de un correo (KB)",
        Help = "IMAP: no more of a mail is fetched. POP3: of a longer one the headers alone.", HelpEs = "IMAP: no se lee más de un correo. POP3: de uno más largo, solo las cabeceras.", Advanced = true), Range(16, 16_384)]
    public int MailboxMaxKilobytes { get; set; } = 512;

    [Setting("Delete what was read", LabelEs = "Borrar lo leído", Help = "POP3 alone: once what it said is stored. IMAP never deletes.", HelpEs = "Solo POP3: cuando lo que decía está guardado. IMAP nunca borra.", Advanced = true)]
    public bool DeleteAfterRead { get; set; }

    [Setting("Words that opt out", LabelEs = "Palabras de baja", Help = "A reply whose first line is one of them opts out. With commas.", HelpEs = "Una respuesta cuya primera línea es una de ellas da de baja. Con comas.", Advanced = true), StringLength(500)]
    public string? OptOutWords { get; set; } = "STOP, BAJA, UNSUBSCRIBE";

    [Setting("List id", LabelEs = "Identificador de la lista", Placeholder = "news.example.org", Help = "List-Id of broadcasts. Empty: made of the channel and the sender's domain.", HelpEs = "List-Id de los envíos. Vacío: hecho del canal y del dominio del remitente.", Advanced = true), StringLength(200), RegularExpression("[A-Za-z0-9.-]+")]
    public string? ListId { get; set; }

    [Setting("DKIM domain", LabelEs = "Dominio DKIM", Placeholder = "example.org", Help = "Signs mails here. Leave it empty when your server signs.", HelpEs = "Firma los correos aquí. Déjalo vacío si firma tu servidor.", Advanced = true), StringLength(253), RegularExpression("[A-Za-z0-9.-]+")]
    public string? DkimDomain { get; set; }

    [Setting("DKIM selector", LabelEs = "Selector DKIM", Placeholder = "news2026", Advanced = true), StringLength(63), RegularExpression("[A-Za-z0-9.-]+")]
    public string? DkimSelector { get; set; }

    [Setting("DKIM private key", LabelEs = "Clave privada DKIM", Help = "PEM, RSA or Ed25519, without a password.", HelpEs = "PEM, RSA o Ed25519, sin contraseña.", Advanced = true), Secret, StringLength(10_000)]
    public string? DkimPrivateKey { get; set; }

    [Setting("OAuth token address", LabelEs = "Dirección de tokens OAuth", Placeholder = "https://oauth2.googleapis.com/token", Help = "Signs in by XOAUTH2 instead of a password, for sending and for the mailbox.", HelpEs = "Entra con XOAUTH2 en vez de contraseña, para enviar y para el buzón.", Advanced = true), StringLength(2000)]
    public string? OauthTokenUrl { get; set; }

    [Setting("OAuth client id", LabelEs = "Id de cliente OAuth", Advanced = true), StringLength(500)]
    public string? OauthClientId { get; set; }

    [Setting("OAuth client secret", LabelEs = "Secreto de cliente OAuth", Advanced = true), Secret, StringLength(2000)]
    public string? OauthClientSecret { get; set; }

    [Setting("OAuth refresh token", LabelEs = "Token de actualización OAuth", Help = "Empty: client credentials.", HelpEs = "Vacío: credenciales de cliente.", Advanced = true), Secret, StringLength(8000)]
    public string? OauthRefreshToken { get; set; }

    [Setting("OAuth scope", LabelEs = "Ámbito OAuth", Placeholder = "https://outlook.office365.com/.default", Advanced = true), StringLength(1000)]
    public string? OauthScope { get; set; }

    internal int EffectivePort => Port ?? Security switch { SmtpSecurity.Tls => 465, SmtpSecurity.None => 25, _ => 587 };

    internal bool HasCredentials => !string.IsNullOrEmpty(Username);

    internal bool UsesOAuth => !string.IsNullOrWhiteSpace(OauthTokenUrl);

    internal bool SignsDkim => !string.IsNullOrWhiteSpace(DkimDomain) || !string.IsNullOrWhiteSpace(DkimPrivateKey);

    internal string MailboxServer => string.IsNullOrWhiteSpace(MailboxHost) ? Host : MailboxHost;

    internal int EffectiveMailboxPort => MailboxPort ?? (MailboxProtocol, MailboxSecurity) switch
    {
        (MailboxProtocol.Imap, SmtpSecurity.Auto or SmtpSecurity.Tls) => 993,
        (MailboxProtocol.Imap, _) => 143,
        (_, SmtpSecurity.Auto or SmtpSecurity.Tls) => 995,
        _ => 110,
    };

    internal string MailboxUser => (string.IsNullOrEmpty(MailboxUsername) ? Username : MailboxUsername) ?? "";

    internal string MailboxSecret => (string.IsNullOrEmpty(MailboxPassword) ? Password : MailboxPassword) ?? "";
}
