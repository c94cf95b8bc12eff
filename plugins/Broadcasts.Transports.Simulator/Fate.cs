namespace Broadcasts.Transports.Simulator;

/// <summary>What the simulated provider does with a message.</summary>
internal enum Verdict
{
    Accept,
    InvalidAddress,
    Blocked,
    MailboxFull,
    ContentRefused,
    ErrorTaken,
    ErrorNotTaken,
    LostAnswer,
}

/// <summary>Every decision is a function of the seed and of what it is about, so that a run can be repeated and nothing has to be remembered.</summary>
internal sealed class Fate(SimulatorSettings settings)
{
    public Verdict Of(OutboundMessage message)
    {
        if (Hits(settings.InvalidPercent, 1, message.To)) return Verdict.InvalidAddress;
        if (Hits(settings.BlockedPercent, 2, message.To)) return Verdict.Blocked;
        // Full for one to three tries, then somebody tidied up.
        if (Hits(settings.MailboxFullPercent, 3, message.To) && message.Attempt <= 1 + (int)(Hash(4, message.To) % 3)) return Verdict.MailboxFull;
        if (Hits(settings.ContentRefusedPercent, 5, message.Id)) return Verdict.ContentRefused;
        if (Hits(settings.ErrorPercent, 6 + message.Attempt * 16, message.Id)) return Hash(7 + message.Attempt * 16, message.Id) % 2 == 0 ? Verdict.ErrorTaken : Verdict.ErrorNotTaken;
        return Hits(settings.LostAnswerPercent, 8 + message.Attempt * 16, message.Id) ? Verdict.LostAnswer : Verdict.Accept;
    }

    public string ProviderId(string messageId) => $"sim-{Hash(9, messageId):x16}";

    public bool IsRead(string messageId) => Hits(settings.ReadPercent, 10, messageId);

    public bool FailsLate(string messageId) => Hits(settings.LateFailurePercent, 11, messageId);

    public bool IsDoubled(string messageId) => Hits(10, 12, messageId);

    /// <summary>A number from 0 to 1.</summary>
    public double Share(int salt, string about) => (Hash(salt, about) >> 11) * (1.0 / (1UL << 53));

    private bool Hits(double percent, int salt, string about) => percent > 0 && Share(salt, about) * 100 < percent;

    // FNV-1a over the text, then the finaliser of SplitMix64: neighbouring ids land far apart.
    private ulong Hash(int salt, string about)
    {
        var hash = 14695981039346656037UL ^ ((ulong)(uint)settings.Seed << 32) ^ (uint)salt;
        foreach (var c in about) hash = (hash ^ c) * 1099511628211UL;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9UL;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebUL;
        return hash ^ (hash >> 31);
    }
}
