using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>One change of a webhook.</summary>
/// <param name="Field">What changed.</param>
/// <param name="Value">The news.</param>
/// <param name="Account">The WhatsApp Business Account.</param>
/// <param name="At">When the webhook was made, or now.</param>
/// <param name="Time">The same as Meta wrote it; empty when it did not.</param>
internal sealed record Change(string Field, JsonElement Value, string Account, DateTimeOffset At, string Time)
{
    /// <summary>
    /// A key of an account's news. It has no id of its own: time and content make one that stays the same when Meta sends it again, for up to seven days.
    /// </summary>
    public string Key(string suffix = "") =>
        $"{Field}:{Account}:{Time}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Value.ValueKind == JsonValueKind.Undefined ? "" : Value.GetRawText())).AsSpan(0, 12))}{suffix}";

    /// <summary>When something of this change happened.</summary>
    public DateTimeOffset TimeOf(JsonElement item) => item.Time("timestamp") ?? At;
}
