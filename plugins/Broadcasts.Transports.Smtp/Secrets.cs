namespace Broadcasts.Transports.Smtp;

/// <summary>Keeps what the settings call secret, and what was got for it, out of outcomes, logs and news.</summary>
internal sealed class Secrets(SmtpSettings settings)
{
    private const int LongestText = 400;
    private readonly string[] _fixed = [.. new[] { settings.Password, settings.MailboxPassword, settings.BounceKey, settings.OauthClientSecret, settings.OauthRefreshToken, settings.DkimPrivateKey }.OfType<string>().Where(s => s.Length > 0)];

    /// <summary>The OAuth tokens in use; a server could say one back.</summary>
    public string? AccessToken { get; set; }

    /// <summary>A server's words on one line, short, without secrets.</summary>
    public string Hide(string text)
    {
        foreach (var secret in _fixed) text = text.Replace(secret, "***", StringComparison.Ordinal);
        if (AccessToken is { Length: > 0 } token) text = text.Replace(token, "***", StringComparison.Ordinal);
        text = text.ReplaceLineEndings(" ").Trim();
        return text.Length <= LongestText ? text : text[..LongestText] + "…";
    }
}
