using MailKit;
using MailKit.Security;

namespace Broadcasts.Transports.Smtp;

/// <summary>Signs in at a mail server of any kind: by password, or by an access token, which is asked for anew once when it is refused.</summary>
internal static class SignIn
{
    public static async Task RunAsync(IMailService client, string user, string password, OAuthTokens? tokens, CancellationToken cancellationToken)
    {
        if (tokens is null)
        {
            // Tokens are another kind of credential; a password must not be tried as one.
            client.AuthenticationMechanisms.Remove("XOAUTH2");
            client.AuthenticationMechanisms.Remove("OAUTHBEARER");
            await client.AuthenticateAsync(user, password, cancellationToken).ConfigureAwait(false);
            return;
        }

        var token = await tokens.GetAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await client.AuthenticateAsync(new SaslMechanismOAuth2(user, token), cancellationToken).ConfigureAwait(false);
        }
        catch (AuthenticationException)
        {
            tokens.Refused(token);
            if (!client.IsConnected) throw;
            var fresh = await tokens.GetAsync(cancellationToken).ConfigureAwait(false);
            await client.AuthenticateAsync(new SaslMechanismOAuth2(user, fresh), cancellationToken).ConfigureAwait(false);
        }
    }
}
