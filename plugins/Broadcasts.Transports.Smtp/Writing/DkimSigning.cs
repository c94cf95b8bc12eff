using MimeKit;
using MimeKit.Cryptography;

namespace Broadcasts.Transports.Smtp;

/// <summary>Signs mails (RFC 6376), both List-Unsubscribe headers included: RFC 8058, section 4, wants them covered.</summary>
internal sealed class DkimSigning(DkimKey key, string domain, string selector, TimeProvider time)
{
    private static readonly string[] Covered =
    [
        "From", "To", "Reply-To", "Subject", "Date", "Message-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ];

    private readonly Signer _signer = new(key, domain, selector, time);

    /// <summary>Null when the settings ask for none.</summary>
    public static DkimSigning? Of(SmtpSettings settings, TimeProvider time) =>
        settings.SignsDkim && DkimKey.TryRead(settings.DkimPrivateKey) is { } key ? new DkimSigning(key, settings.DkimDomain!, settings.DkimSelector!, time) : null;

    /// <summary>Call it last: any change of the mail breaks the signature.</summary>
    public void Sign(MimeMessage mail)
    {
        // What the server offers must not change the encoding any more.
        mail.Prepare(EncodingConstraint.SevenBit);
        _signer.Sign(mail, [.. Covered.Where(h => mail.Headers.Contains(h) || mail.Body!.Headers.Contains(h))]);
    }

    private sealed class Signer : DkimSigner
    {
        private readonly TimeProvider _time;

        public Signer(DkimKey key, string domain, string selector, TimeProvider time)
            : base(key.Key, domain, selector, key.Algorithm)
        {
            _time = time;
            // Relays may fold headers anew and trim blanks.
            HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
            BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
        }

        protected override long GetTimestamp() => _time.GetUtcNow().ToUnixTimeSeconds();
    }
}
