using Broadcasts.Testing;

namespace Broadcasts.Chaos;

/// <summary>Every scenario once, small; each class waits for its own deadlines beside the others.</summary>
public abstract class ScenarioTests
{
    private static readonly ChaosSize Size = new(Seed: 20261123, Recipients: 600, Kills: 3);

    protected static async Task HoldsAsync(string scenario, string database)
    {
        var result = await Scenario.All.Single(s => s.Name == scenario).RunAsync(Size, database);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', [ResultTable.Header, ResultTable.Line(result), .. ResultTable.Remarks(result)]));
        if (result.Skipped is { } why)
        {
            if (Requirements.IsCi && result.CanBeInstalled) Assert.Fail(why);
            Assert.Skip(why);
        }

        Assert.Empty(result.Broken);
    }
}

public sealed class KillLookupTests : ScenarioTests
{
    [Fact]
    public Task Kill_ProviderAnswersLookups_NothingStaysUnknown() => HoldsAsync("kill-lookup", "sqlite");
}

public sealed class KillIdempotentTests : ScenarioTests
{
    [Fact]
    public Task Kill_ProviderDropsRepeats_EverybodyOnceAndNothingStaysUnknown() => HoldsAsync("kill-idempotent", "postgres");
}

public sealed class KillResendTests : ScenarioTests
{
    [Fact]
    public Task Kill_OwnerWantsResend_OnlyDoubtsAreSentAgain() => HoldsAsync("kill-resend", "sqlite");
}

public sealed class ClusterFreezeLookupTests : ScenarioTests
{
    [Fact]
    public Task Freeze_ProviderAnswersLookups_NobodyTwice() => HoldsAsync("cluster-freeze-lookup", "cluster");
}

public sealed class ClusterFreezeTests : ScenarioTests
{
    [Fact]
    public Task Freeze_OneOfThree_HandsNothingOverAfterwards() => HoldsAsync("cluster-freeze", "cluster");
}

public sealed class ClusterKillTests : ScenarioTests
{
    [Fact]
    public Task Kill_TwoOfThree_SlicesGoOnElsewhere() => HoldsAsync("cluster-kill", "cluster");

    [Fact]
    public Task Restart_OneAfterTheOther_NothingIsInDoubt() => HoldsAsync("cluster-rolling", "cluster");
}

public sealed class KillTests : ScenarioTests
{
    [Theory, InlineData("sqlite"), InlineData("postgres")]
    public Task Kill_AtSeededMoments_NobodyLostAndNobodyTwice(string database) => HoldsAsync("kill", database);
}

public sealed class CommandTests : ScenarioTests
{
    [Fact]
    public Task Pause_AgainAndAgain_NamesWhatIsInFlight() => HoldsAsync("pause", "sqlite");

    [Fact]
    public Task Rate_ChangedAgainAndAgain_IsKept() => HoldsAsync("rate", "postgres");
}

public sealed class MachineTests : ScenarioTests
{
    [Fact]
    public Task Clock_SetForthAndBack_NeitherStallsNorDoubles() => HoldsAsync("clock", "sqlite");

    [Fact]
    public Task Disk_FullForAWhile_LosesNothing() => HoldsAsync("disk-full", "sqlite");
}

public sealed class DatabaseFaultTests : ScenarioTests
{
    [Fact]
    public Task Postgres_Restarted_LosesNothing() => HoldsAsync("database-restart", "postgres");

    [Fact]
    public Task Sqlite_LockedByAnother_Waits() => HoldsAsync("busy", "sqlite");

    [Fact]
    public Task Postgres_ReadOnlyForAWhile_LosesNothing() => HoldsAsync("read-only", "postgres");
}
