namespace Broadcasts.TestKit;

/// <summary>How a check ended.</summary>
internal enum CheckEnd
{
    Passed,
    Failed,

    /// <summary>The transport has nothing that it could be checked on.</summary>
    NotApplicable,
}

/// <summary>What a check found.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Why">What is wrong and what to do about it, or why it does not apply.</param>
internal sealed record CheckResult(CheckEnd End, string? Why)
{
    public static CheckResult Passed { get; } = new(CheckEnd.Passed, null);

    public static CheckResult Failed(string why) => new(CheckEnd.Failed, why);

    public static CheckResult NotApplicable(string why) => new(CheckEnd.NotApplicable, why);

    /// <summary>Passed when nothing is wrong.</summary>
    public static CheckResult Of(string? wrong) => wrong is null ? Passed : Failed(wrong);
}

/// <summary>One thing that every transport must do.</summary>
/// <param name="Name">Stable name, kebab-case.</param>
/// <param name="Meaning">What it makes sure of, for the report.</param>
/// <param name="RunAsync">Tries it.</param>
internal sealed record ConformanceCheck(string Name, string Meaning, Func<ConformanceSubject, CancellationToken, Task<CheckResult>> RunAsync);
