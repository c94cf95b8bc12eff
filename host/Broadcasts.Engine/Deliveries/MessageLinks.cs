using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Broadcasts.Contacts.Consent;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>One-click opt-out (RFC 8058): a link that nobody can make up, good for one delivery's address. Only with a public address.</summary>
internal sealed class OptOutLinks(Database database, EngineOptions options, ISecretProtector secrets, TimeProvider time)
{
    private const int SignatureBytes = 16;
    private byte[] _key = [];

    private const string GetSql = "SELECT value FROM settings WHERE name = 'opt-out-key'";

    private const string SetSql = "INSERT INTO settings (name, value) VALUES ('opt-out-key', @value) ON CONFLICT (name) DO NOTHING";

    /// <summary>Reads the signing key, made at the first start. Call once after the migrations.</summary>
    public async Task InitializeAsync()
    {
        if (await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string>(GetSql)) is null)
        {
            var value = secrets.Protect(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            await database.WriteAsync(t => t.Connection!.ExecuteAsync(SetSql, new { value }, t));
        }

        _key = Convert.FromBase64String(secrets.Unprotect(await database.ReadAsync(c => c.QuerySingleAsync<string>(GetSql))));
    }

    /// <summary>The link for a delivery's recipient; null without a public address.</summary>
    public string? UrlFor(long deliveryId) => options.PublicUrl is { } url ? new Uri(url, $"o/{TokenOf(deliveryId)}").ToString() : null;

    /// <summary>The delivery of a token; null when it was not made here.</summary>
    public long? Read(string token)
    {
        Span<byte> bytes = stackalloc byte[8 + SignatureBytes];
        if (token.Length > 64 || !Base64Url.TryDecodeFromChars(token, bytes, out var written) || written != bytes.Length) return null;
        Span<byte> expected = stackalloc byte[32];
        HMACSHA256.HashData(_key, bytes[..8], expected);
        return CryptographicOperations.FixedTimeEquals(expected[..SignatureBytes], bytes[8..]) ? BinaryPrimitives.ReadInt64BigEndian(bytes) : null;
    }

    private const string AddressSql = "SELECT a.kind AS Kind, a.value AS Value FROM deliveries d JOIN addresses a ON a.id = d.address_id WHERE d.id = @id";

    private const string MarkSql = "UPDATE deliveries SET opted_out_at = @now WHERE id = @id AND opted_out_at IS NULL";

    /// <summary>Puts the recipient's address on the suppression list. Twice is the same as once.</summary>
    public Task OptOutAsync(long deliveryId) => database.WriteAsync(async t =>
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (await t.Connection!.QuerySingleOrDefaultAsync<ConsentEvent>(AddressSql, new { id = deliveryId }, t) is { } address)
            await ConsentLog.SayAsync(t, address with { State = ConsentState.Withdrawn, Source = "link", Detail = $"delivery {deliveryId}", Actor = ConsentLog.Contact, At = now });
        await t.Connection!.ExecuteAsync(MarkSql, new { id = deliveryId, now }, t);
    });

    private string TokenOf(long deliveryId)
    {
        Span<byte> bytes = stackalloc byte[8 + 32];
        BinaryPrimitives.WriteInt64BigEndian(bytes, deliveryId);
        HMACSHA256.HashData(_key, bytes[..8], bytes[8..]);
        return Base64Url.EncodeToString(bytes[..(8 + SignatureBytes)]);
    }
}
