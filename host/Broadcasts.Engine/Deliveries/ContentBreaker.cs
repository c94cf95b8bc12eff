using Broadcasts.Broadcasting;

namespace Broadcasts.Deliveries;

/// <summary>
/// Counts equal permanent content faults of one broadcast in a row. A text that the provider will not take fails everybody alike: after some,
/// a person is called instead of failing all the others one by one.
/// </summary>
internal sealed class ContentBreaker(int most)
{
    private readonly Lock _lock = new();
    private (FailureReason Reason, string? Code) _fault;
    private long _since;
    private int _count;

    /// <summary>Something went out: what failed before was its recipient's own.</summary>
    public void Accepted()
    {
        if (Volatile.Read(ref _count) == 0) return;
        lock (_lock) _count = 0;
    }

    /// <summary>One more was refused; not null at the one that is too many, and at those that come after it.</summary>
    public Tripped? Refused(SendOutcome outcome, long now)
    {
        if (most == 0 || !IsOfContent(outcome.Reason)) return null;
        var fault = (outcome.Reason ?? FailureReason.Unclassified, outcome.Code);
        lock (_lock)
        {
            if (_count == 0 || fault != _fault) (_fault, _since, _count) = (fault, now, 0);
            return ++_count == most ? new Tripped((int)_fault.Reason, _fault.Code, _since) : null;
        }
    }

    // A closed window or a withheld message is about its recipient.
    private static bool IsOfContent(FailureReason? reason) => reason is null or FailureReason.Unclassified or FailureReason.TemplateRejected or FailureReason.ContentRefused
        or FailureReason.TooLarge or FailureReason.MediaRejected or FailureReason.UnsupportedContent or FailureReason.Policy;
}
