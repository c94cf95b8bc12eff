using System.Net;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>What the form can't express: settings that need each other, addresses, keys.</summary>
internal sealed class SettingsCheck(SmtpSettings settings)
{
    // Leaves room for a token in the 64 characters of a local part.
    private const int LongestBounceLocalPart = 24;
    private readonly List<SettingProblem> _problems = [];

    public static SettingProblem[] Of(SmtpSettings settings) => new SettingsCheck(settings).All();

    public static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private SettingProblem[] All()
    {
        Sending();
        Bounces();
        Mailbox();
        Signing();
        OAuth();
        return [.. _problems];
    }

    private void Sending()
    {
        if (string.IsNullOrWhiteSpace(settings.Host)) Add("host", "The server's name is missing.", "Falta el nombre del servidor.");
        if (!IsAddress(settings.From)) Add("from", $"'{settings.From}' is not a sender. Write news@example.org or News <news@example.org>.", $"«{settings.From}» no es un remitente. Escribe noticias@example.org o Noticias <noticias@example.org>.");
        if (!string.IsNullOrWhiteSpace(settings.ReplyTo) && !MailboxAddress.TryParse(settings.ReplyTo, out _)) Add("replyTo", $"'{settings.ReplyTo}' is not an e-mail address.", $"«{settings.ReplyTo}» no es una dirección de correo.");
        if (settings is { HasCredentials: true, UsesOAuth: false } && string.IsNullOrEmpty(settings.Password)) Add("password", "A user name needs its password.", "Un usuario necesita su contraseña.");
        if (!settings.HasCredentials && !string.IsNullOrEmpty(settings.Password)) Add("username", "A password needs its user name.", "Una contraseña necesita su usuario.");
        if (settings is { Security: SmtpSecurity.None, HasCredentials: true } && !IsThisMachine(settings.Host)) ClearText("security");
    }

    private void Bounces()
    {
        if (string.IsNullOrWhiteSpace(settings.BounceAddress)) return;
        if (!IsAddress(settings.BounceAddress)) Add("bounceAddress", $"'{settings.BounceAddress}' is not an e-mail address.", $"«{settings.BounceAddress}» no es una dirección de correo.");
        else if (MailboxAddress.Parse(settings.BounceAddress).Address.IndexOf('@') > LongestBounceLocalPart) Add("bounceAddress", $"The part before the @ may have {LongestBounceLocalPart} characters: a token comes behind it.", $"La parte antes de la @ puede tener {LongestBounceLocalPart} caracteres: detrás va un token.");
        if (string.IsNullOrEmpty(settings.BounceKey)) Add("bounceKey", "An address for bounces needs a key that signs.", "Una dirección para rebotes necesita una clave que firme.");
    }

    private void Mailbox()
    {
        if (settings.MailboxProtocol == MailboxProtocol.None) return;
        if (string.IsNullOrEmpty(settings.BounceKey) && string.IsNullOrWhiteSpace(settings.BounceAddress)) Add("bounceKey", "A mailbox needs a key that signs: without it no bounce can be told from a forged one.", "Un buzón necesita una clave que firme: sin ella no se distingue un rebote de uno falso.");
        if (settings.MailboxUser.Length == 0) Add("mailboxUsername", "The mailbox needs a user name.", "El buzón necesita un usuario.");
        else if (settings is { UsesOAuth: false, MailboxSecret.Length: 0 }) Add("mailboxPassword", "The mailbox needs a password.", "El buzón necesita una contraseña.");
        if (settings.MailboxSecurity == SmtpSecurity.None && !IsThisMachine(settings.MailboxServer)) ClearText("mailboxSecurity");
        if (string.IsNullOrWhiteSpace(settings.MailboxFolder)) Add("mailboxFolder", "Name a folder, such as INBOX.", "Nombra una carpeta, como INBOX.");
    }

    private void Signing()
    {
        if (!settings.SignsDkim) return;
        if (string.IsNullOrWhiteSpace(settings.DkimDomain)) Add("dkimDomain", "A DKIM key needs its domain.", "Una clave DKIM necesita su dominio.");
        if (string.IsNullOrWhiteSpace(settings.DkimSelector)) Add("dkimSelector", "DKIM needs the selector under which the public key is published.", "DKIM necesita el selector con el que está publicada la clave pública.");
        if (DkimKey.Problem(settings.DkimPrivateKey) is { } problem) _problems.Add(problem);
    }

    private void OAuth()
    {
        if (!settings.UsesOAuth) return;
        if (!Uri.TryCreate(settings.OauthTokenUrl, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && IsThisMachine(url.Host))))
        {
            Add("oauthTokenUrl", "The token address must be https.", "La dirección de tokens debe ser https.");
        }

        if (string.IsNullOrWhiteSpace(settings.OauthClientId)) Add("oauthClientId", "OAuth needs a client id.", "OAuth necesita un id de cliente.");
        if (string.IsNullOrEmpty(settings.OauthClientSecret) && string.IsNullOrEmpty(settings.OauthRefreshToken)) Add("oauthClientSecret", "OAuth needs a client secret or a refresh token.", "OAuth necesita un secreto de cliente o un token de actualización.");
        if (!settings.HasCredentials) Add("username", "OAuth needs the user name of the mail account.", "OAuth necesita el usuario de la cuenta de correo.");
    }

    private void ClearText(string setting) =>
        Add(setting, "Credentials would cross the network in clear text. Choose startTls, tls or auto.", "Las credenciales cruzarían la red sin cifrar. Elige startTls, tls o auto.");

    private static bool IsAddress(string text) => MailboxAddress.TryParse(text, out var address) && address.Address.Contains('@');

    private void Add(string setting, string english, string spanish) => _problems.Add(new SettingProblem(setting, english) { MessageEs = spanish });
}
