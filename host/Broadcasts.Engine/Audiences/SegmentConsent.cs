using Broadcasts.Contacts.Consent;

namespace Broadcasts.Audiences;

/// <summary>
/// One word for where a contact stands, the most cautious of its addresses: <c>withdrawn</c> when one of them opted out or complained, else <c>pending</c> when one has to confirm first, else <c>granted</c>
/// when there is a proof of consent, else <c>unknown</c>.
/// </summary>
internal static class SegmentConsent
{
    public const string Unknown = "unknown";

    public static readonly string[] Words = ["granted", "withdrawn", "pending", Unknown];

    public static string? Parse(string text) => Array.Find(Words, w => w.Equals(text, StringComparison.OrdinalIgnoreCase));

    public static string Word(ConsentState? state) => state?.ToString().ToLowerInvariant() ?? Unknown;

    private static readonly string Withdrawn = Listed("IN (2, 4)");

    private static readonly string Pending = Listed("= 6");

    // Who came with a file agreed where its import says.
    private const string Proven = """
        (EXISTS (SELECT 1 FROM addresses a JOIN consents k ON k.kind = a.kind AND k.value = a.value WHERE a.contact_id = c.id AND k.state = 1)
         OR EXISTS (SELECT 1 FROM imports i WHERE i.consent_source IS NOT NULL AND i.is_trial = 0 AND i.undone_at IS NULL AND i.must_confirm = 0
                      AND EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = i.id AND ic.contact_id = c.id)))
        """;

    /// <summary>The test over alias <c>c</c> of contacts.</summary>
    public static string Sql(string word) => word switch
    {
        "withdrawn" => Withdrawn,
        "pending" => $"(NOT {Withdrawn} AND {Pending})",
        "granted" => $"(NOT {Withdrawn} AND NOT {Pending} AND {Proven})",
        _ => $"(NOT {Withdrawn} AND NOT {Pending} AND NOT {Proven})",
    };

    private static string Listed(string reason) =>
        $"EXISTS (SELECT 1 FROM addresses a JOIN suppressions s ON s.kind = a.kind AND s.value = a.value WHERE a.contact_id = c.id AND s.reason {reason})";
}
