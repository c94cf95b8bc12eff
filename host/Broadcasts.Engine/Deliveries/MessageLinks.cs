using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Broadcasts.Contacts.Consent;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>The links of one message, which nobody can make up: to want nothing more (one click by RFC 8058), and to confirm. Only with a public address.</summary>
internal sealed class MessageLinks(Database database, EngineOptions options, ISecretProtector secrets, TimeProvider time)
{
    private const int SignatureBytes = 16;

    // As long as a real one: a preview shows how many SMS it takes.
    private const string SampleToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private static ReadOnlySpan<byte> OptOutUse => [];

    private static ReadOnlySpan<byte> ConfirmUse => "confirm"u8;

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

    /// <summary>Where a delivery's recipient says that he wants nothing more; null without a public address.</summary>
    public string? OptOut(long deliveryId) => Url("o", TokenOf(deliveryId, OptOutUse));

    /// <summary>Where a delivery's recipient confirms that he wants to be written to; null without a public address.</summary>
    public string? Confirm(long deliveryId) => Url("confirm", TokenOf(deliveryId, ConfirmUse));

    /// <summary>The delivery of a token to opt out; null when it was not made here.</summary>
    public long? ReadOptOut(string token) => Read(token, OptOutUse);

    /// <summary>The delivery of a token to confirm; null when it was not made here.</summary>
    public long? ReadConfirm(string token) => Read(token, ConfirmUse);

    /// <summary>The address of both kinds in a message that nobody gets: a preview, a test, a forecast.</summary>
    public (string? OptOut, string? Confirm) Samples => (Url("o", SampleToken), Url("confirm", SampleToken));

    private string? Url(string path, string token) => options.PublicUrl is { } url ? new Uri(url, $"{path}/{token}").ToString() : null;

    private long? Read(string token, ReadOnlySpan<byte> use)
    {
        Span<byte> bytes = stackalloc byte[8 + SignatureBytes];
        // Not TryDecodeFromChars, which throws at what is no Base64Url.
        if (token.Length > 64 || Base64Url.DecodeFromChars(token, bytes, out _, out var written) != OperationStatus.Done || written != bytes.Length) return null;
        Span<byte> expected = stackalloc byte[SignatureBytes];
        Sign(bytes[..8], use, expected);
        return CryptographicOperations.FixedTimeEquals(expected, bytes[8..]) ? BinaryPrimitives.ReadInt64BigEndian(bytes) : null;
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

    private string TokenOf(long deliveryId, ReadOnlySpan<byte> use)
    {
        Span<byte> bytes = stackalloc byte[8 + SignatureBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, deliveryId);
        Sign(bytes[..8], use, bytes[8..]);
        return Base64Url.EncodeToString(bytes);
    }

    // What a token is for is signed with it: whoever may opt somebody out can't confirm for him.
    private void Sign(ReadOnlySpan<byte> id, ReadOnlySpan<byte> use, Span<byte> signature)
    {
        Span<byte> signed = stackalloc byte[16];
        id.CopyTo(signed);
        use.CopyTo(signed[id.Length..]);
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, signed[..(id.Length + use.Length)], hash);
        hash[..SignatureBytes].CopyTo(signature);
    }
}
