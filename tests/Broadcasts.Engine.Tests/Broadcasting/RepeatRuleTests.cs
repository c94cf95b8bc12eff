using Xunit;

namespace Broadcasts.Broadcasting;

public sealed class RepeatRuleTests
{
    [Theory]
    [InlineData("""{"every":"day"}""", "2026-12-30T09:00", "2026-12-30 2026-12-31 2027-01-01 2027-01-02")]
    [InlineData("""{"every":"day","count":2}""", "2026-12-30T09:00", "2026-12-30 2026-12-31")]
    [InlineData("""{"every":"week","days":["monday","thursday"]}""", "2026-11-24T09:00", "2026-11-26 2026-11-30 2026-12-03 2026-12-07")]
    [InlineData("""{"every":"week","days":["sunday"],"until":"2026-12-06"}""", "2026-11-23T09:00", "2026-11-29 2026-12-06")]
    [InlineData("""{"every":"month","day":15}""", "2026-11-23T09:00", "2026-12-15 2027-01-15 2027-02-15 2027-03-15")]
    [InlineData("""{"every":"month","day":31}""", "2027-01-31T09:00", "2027-01-31 2027-02-28 2027-03-31 2027-04-30")]
    [InlineData("""{"every":"month","day":30}""", "2028-02-01T09:00", "2028-02-29 2028-03-30 2028-04-30 2028-05-30")]
    public void Resolve_Rule_ComesOnItsDays(string json, string at, string days)
    {
        var rule = RepeatRule.Read(json)!;
        Assert.Null(RepeatRule.Resolve(new BroadcastSchedule { LocalTime = at, TimeZone = "Europe/Madrid", RepeatJson = json }, out var first));
        var found = new List<string>();
        for (var next = ScheduleTime.Parse(first.LocalTime); next is { } local && found.Count < 4; next = rule.After(local, found.Count)) found.Add(RepeatRule.Text(local));

        Assert.Equal(days, string.Join(' ', found.Select(f => f[..10])));
        Assert.All(found, f => Assert.EndsWith("T09:00:00", f, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"every":"year"}""", "notRepeat")]
    [InlineData("""{"every":"week"}""", "repeatDays")]
    [InlineData("""{"every":"month","day":32}""", "repeatDay")]
    [InlineData("""{"every":"day","count":0}""", "repeatCount")]
    [InlineData("""{"every":"day","until":"soon"}""", "notADate")]
    [InlineData("""{"every":"week","days":["monday"],"until":"2026-11-25"}""", "noOccurrence")]
    public void Resolve_Wrong_SaysWhat(string json, string code) =>
        Assert.Equal(code, RepeatRule.Resolve(new BroadcastSchedule { LocalTime = "2026-11-24T09:00", TimeZone = "Europe/Madrid", RepeatJson = json }, out _)?.Code);
}
