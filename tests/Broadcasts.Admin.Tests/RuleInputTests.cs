using Broadcasts.Admin.Forms;
using Broadcasts.Audiences;

namespace Broadcasts.Admin.Tests;

/// <summary>Rules as the form holds them: the same rule comes out again, and lines move without a condition lost.</summary>
public sealed class RuleInputTests
{
    [Theory]
    [InlineData("""{"field":"country","op":"is","value":"ES"}""", """{"all":[{"field":"country","op":"is","value":"ES"}]}""")]
    [InlineData("""{"all":[]}""", null)]
    [InlineData("""{"not":{"field":"tag","op":"hasAnyOf","value":["a, b","c"]}}""", null)]
    [InlineData("""{"not":{"any":[{"field":"blocked","op":"is","value":"true"},{"field":"email","op":"exists"}]}}""", null)]
    [InlineData("""{"not":{"all":[{"field":"blocked","op":"is","value":"true"},{"field":"email","op":"exists"}]}}""", null)]
    [InlineData("""{"all":[{"any":[{"all":[{"not":{"field":"phone","op":"exists"}},{"field":"first_name","op":"isAnyOf","value":["Ana","de, la"]}]},{"field":"segment","op":"isNot","value":3}]},{"all":[]}]}""", null)]
    [InlineData("""{"all":[{"field":"created_at","op":"before","value":"2026-11-22"},{"field":"created_at","op":"is","value":"2026-11-22","timeZone":"America/Lima"}]}""", null)]
    [InlineData("""{"any":[{"field":"created_at","op":"between","value":["2026-11-22T10:00:00.000Z","2026-11-23T10:00:00.000Z"],"timeZone":"Europe/Madrid"},{"field":"contact.score","op":"between","value":[1.5,20]}]}""", null)]
    [InlineData("""{"all":[{"field":"received","op":"inBroadcast","value":[4,7]},{"field":"read","op":"notSinceBroadcast","value":4},{"field":"replied","op":"inLastDays","value":30},{"field":"failed","op":"exists"}]}""", null)]
    [InlineData("""{"all":[{"field":"contact.born","op":"inLastDays","value":7},{"field":"suppressed","op":"onChannel","value":2},{"field":"consent","op":"isNot","value":"granted"}]}""", null)]
    public void Of_StoredRule_ComesOutTheSame(string json, string? expected)
    {
        Assert.NotNull(SegmentRule.Parse(json, out _));
        var written = RuleInput.Of(json).ToJson("Asia/Tokyo");
        Assert.Equal(SegmentRule.Parse(expected ?? json, out _)!.ToJson(), SegmentRule.Parse(written, out var problems)?.ToJson() ?? string.Join(", ", problems));
    }

    [Theory, InlineData("{\"all\":[{\"field\":\"nothing\",\"op\":\"is\",\"value\":1}]}"), InlineData("not json"), InlineData("{\"xor\":[]}")]
    public void Of_RuleThatCannotBeRead_StaysAsItIs(string json) => Assert.Equal(json, RuleInput.Of(json).ToJson("UTC"));

    [Theory]
    [InlineData("a b (c d) e", "add.", "a b (c d) e *")]
    [InlineData("a b (c d) e", "add.2", "a b (c d *) e")]
    [InlineData("a b (c d) e", "group.", "a b (c d) e (*)")]
    [InlineData("a b (c d) e", "group.2", "a b (c d (*)) e")]
    [InlineData("a (b (c))", "group.1.1", "a (b (c))")]
    [InlineData("a b (c d) e", "up.0", "a b (c d) e")]
    [InlineData("a b (c d) e", "up.1", "b a (c d) e")]
    [InlineData("a b (c d) e", "down.1", "a (b c d) e")]
    [InlineData("a b (c d) e", "up.3", "a b (c d e)")]
    [InlineData("a b (c d) e", "up.2.0", "a b c (d) e")]
    [InlineData("a b (c d) e", "down.2.1", "a b (c) d e")]
    [InlineData("a (b)", "up.1.0", "a b")]
    [InlineData("a (b)", "remove.1.0", "a")]
    [InlineData("(a) (b)", "up.1", "((b) a)", "(a (b))")]
    [InlineData("(a (b)) (c (d))", "up.1", "(c (d)) (a (b))")]
    [InlineData("a b", "wrap.0", "(a) b")]
    [InlineData("(((a)))", "wrap.0.0.0", "(((a)))")]
    [InlineData("a b", "remove.1", "a")]
    [InlineData("a", "remove.0", "")]
    [InlineData("a b", "remove.7", "a b")]
    [InlineData("a b", "up.NaN", "a b")]
    [InlineData("a b", "down.0.0.0", "a b")]
    [InlineData("a b", "explode.-1", "a b")]
    [InlineData("a b", "down.99999999999", "a b")]
    public void Change_OfAnOutline_MovesLinesAndLosesNone(string before, string act, string after, string? orAfter = null)
    {
        var rule = new RuleInput { Root = Read(before) };
        rule.Change(act);
        Assert.Contains(Write(rule.Root), new[] { after, orAfter });
    }

    [Fact]
    public void Change_OfAField_TakesItsComparisonAway()
    {
        var member = new RuleMember { Field = "tag", Was = "country", Op = "is", Values = ["ES"] };
        var rule = new RuleInput { Root = new() { Members = [member] } };
        rule.Change("look");
        Assert.Equal(("hasAnyOf", 0), (member.Operator.Word(), member.Compared.Count));
    }

    [Fact]
    public void Change_BeyondTheMost_AddsNothing()
    {
        var rule = new RuleInput();
        for (var i = 0; i < SegmentRule.MostConditions + 5; i++) rule.Change("add.");
        Assert.Equal(SegmentRule.MostConditions, rule.Root.Members.Count);
    }

    private static RuleGroup Read(string text)
    {
        var groups = new Stack<RuleGroup>([new RuleGroup()]);
        foreach (var letter in text.Replace(" ", "", StringComparison.Ordinal))
        {
            if (letter == ')') groups.Pop();
            else if (letter == '(')
            {
                var inner = new RuleGroup();
                groups.Peek().Members.Add(new RuleMember { Group = inner });
                groups.Push(inner);
            }
            else groups.Peek().Members.Add(new RuleMember { Field = $"{letter}", Was = $"{letter}" });
        }

        return groups.Pop();
    }

    private static string Write(RuleGroup group) => string.Join(' ', group.Members.Select(m => m.Group is { } inner ? $"({Write(inner)})" : m.Field ?? "*"));
}
