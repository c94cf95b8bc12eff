namespace Broadcasts.Chaos;

/// <summary>How much is asked of a run.</summary>
/// <param name="Seed">What every random choice follows from.</param>
/// <param name="Recipients">Audience of the broadcast.</param>
/// <param name="Kills">Faults of the scenarios about kills; the others scale their own numbers by it (30 is their full size).</param>
internal sealed record ChaosSize(int Seed, int Recipients, int Kills)
{
    private const double Full = 30;

    /// <summary>Messages per second of the channel: slow enough that the faults find the broadcast running.</summary>
    public int PerSecond => Math.Clamp(Recipients / 40, 100, 500);

    /// <summary>Everything at its full size.</summary>
    public bool IsFull => Kills >= Full;

    /// <summary>A number that is so much at full size.</summary>
    public int Of(int full, int least = 1) => Math.Max(least, (int)Math.Round(full * Math.Min(1, Kills / Full)));
}

/// <summary>What one scenario found.</summary>
internal sealed record ChaosResult
{
    public required string Scenario { get; init; }

    public required string Database { get; init; }

    public required ChaosSize Size { get; init; }

    public int Faults { get; init; }

    public long Rows { get; init; }

    public long Final { get; init; }

    public long Unknown { get; init; }

    public long AllowedUnknown { get; init; }

    /// <summary>Keys that the provider took more than once.</summary>
    public long Twice { get; init; }

    /// <summary>Rows that are not there, and messages whose row does not say what the provider did.</summary>
    public long Missing { get; init; }

    public double Seconds { get; init; }

    /// <summary>Why it could not be run here; null when it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>What it was skipped for can be installed; a right that the user does not have can not.</summary>
    public bool CanBeInstalled { get; init; }

    /// <summary>Broken promises; none is what is wanted.</summary>
    public IReadOnlyList<string> Broken { get; init; } = [];

    /// <summary>Figures beside the table.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    public string Verdict => Skipped is not null ? "skipped" : Broken.Count == 0 ? "held" : "BROKEN";
}

/// <summary>This machine can't do what the scenario needs.</summary>
internal sealed class ScenarioSkippedException(string why, bool canBeInstalled = true) : Exception(why)
{
    public bool CanBeInstalled => canBeInstalled;
}
