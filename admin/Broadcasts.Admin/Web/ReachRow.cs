using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Web;

/// <summary>One line of whom a draft reaches: those who get it, or what is in the others' way.</summary>
/// <param name="Text">The key of its words.</param>
/// <param name="Tone">Its colour.</param>
/// <param name="Contacts">How many.</param>
internal sealed record ReachRow(string Text, string Tone, long Contacts)
{
    private static readonly (string Text, string Tone, string[] Reasons)[] Ways =
    [
        ("Reach.windowClosed", "f-unknown", ["windowClosed"]),
        ("Reason.noAddress", "f-skipped", ["noAddress"]),
        ("Reach.OptedOut", "f-failed", ["optedOut", "contactBlocked", "suppressed"]),
        ("Reach.frequencyCapped", "f-blue", ["frequencyCapped"]),
        ("Reason.deadAddress", "f-sending", ["deadAddress"]),
        ("Reason.neverInteracted", "f-pending", ["neverInteracted"]),
    ];

    /// <summary>The same lines for every audience, so that they stand still; without a look they wait for their numbers.</summary>
    /// <param name="look">What was counted.</param>
    /// <param name="isForInteracted">Whether those who never wrote are left out.</param>
    public static IReadOnlyList<ReachRow> Of(AudienceLook? look, bool isForInteracted) =>
    [
        new("Reach.Sendable", "f-delivered", look?.Reached ?? 0),
        .. Ways.Where(w => isForInteracted || !w.Reasons.Contains("neverInteracted")).Select(w => new ReachRow(w.Text, w.Tone, w.Reasons.Sum(r => look?.Held.GetValueOrDefault(r) ?? 0))),
    ];
}
