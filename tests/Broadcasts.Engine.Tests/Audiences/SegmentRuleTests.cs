using Broadcasts.Storage;
using Xunit;

namespace Broadcasts.Audiences;

public sealed class SegmentRuleTests
{
    [Theory]
    [InlineData("""{"all":[]}""")]
    [InlineData("""{"field":"country","op":"is","value":"ES"}""")]
    [InlineData("""{"all":[{"field":"contact.city","op":"contains","value":"o'; DROP TABLE contacts; --"},{"not":{"any":[{"field":"tag","op":"hasAnyOf","value":["a","b"]},{"field":"created_at","op":"inLastDays","value":7,"timeZone":"Europe/Madrid"}]}}]}""")]
    [InlineData("""{"field":"contact.score","op":"between","value":[1.5,20]}""")]
    [InlineData("""{"field":"last_interaction_at","op":"doesNotExist"}""")]
    [InlineData("""{"field":"channel","op":"hasAddress","value":["email","phone"]}""")]
    [InlineData("""{"field":"import","op":"is","value":12}""")]
    public void Parse_GoodRule_ComesBackAsItsText(string json)
    {
        var rule = SegmentRule.Parse(json, out var problems);
        Assert.True(problems.Count == 0, string.Join("; ", problems.Select(p => p.Message)));
        Assert.Equal(json, rule!.ToJson());
        Assert.Equal(json, SegmentRule.Parse(rule.ToJson(), out _)!.ToJson());
    }

    [Theory]
    [InlineData("""{"field":"firstName","op":"IS","value":" Ana "}""", """{"field":"first_name","op":"is","value":"Ana"}""")]
    [InlineData("""{"field":"fields.city","op":"is","value":5.0}""", """{"field":"contact.city","op":"is","value":"5"}""")]
    [InlineData("""{"field":"contact.country","op":"is","value":"España"}""", """{"field":"country","op":"is","value":"ES"}""")]
    [InlineData("""{"field":"email","op":"is","value":"Ana@Example.com"}""", """{"field":"email","op":"is","value":"ana@example.com"}""")]
    [InlineData("""{"field":"tag","op":"hasAnyOf","value":"vip"}""", """{"field":"tag","op":"hasAnyOf","value":["vip"]}""")]
    [InlineData("""{"field":"contact.vip","op":"is","value":true}""", """{"field":"contact.vip","op":"is","value":"true"}""")]
    public void Parse_SameThoughtWrittenOtherwise_IsOneText(string json, string expected) => Assert.Equal(expected, SegmentRule.Parse(json, out _)!.ToJson());

    [Theory]
    [InlineData("""nonsense""", "", "notJson")]
    [InlineData("""[]""", "", "notAnObject")]
    [InlineData("""{"all":[],"any":[]}""", "", "oneMember")]
    [InlineData("""{"none":[]}""", "", "unknownMember")]
    [InlineData("""{"all":{}}""", "all", "notAnArray")]
    [InlineData("""{"any":[]}""", "any", "emptyGroup")]
    [InlineData("""{"not":{"not":{"all":[]}}}""", "not", "doubleNot")]
    [InlineData("""{"all":[{"all":[{"any":[{"all":[]}]}]}]}""", "all[0].all[0].any[0].all", "tooDeep")]
    [InlineData("""{"all":[{"field":"city","op":"is","value":"x"}]}""", "all[0].field", "unknownSubject")]
    [InlineData("""{"field":"contact.a b","op":"is","value":"x"}""", "field", "unknownSubject")]
    [InlineData("""{"field":"country","op":"like","value":"x"}""", "op", "unknownOperator")]
    [InlineData("""{"field":"country","op":"before","value":"2026-01-01"}""", "op", "operatorNotForField")]
    [InlineData("""{"field":"country","op":"is"}""", "value", "valueRequired")]
    [InlineData("""{"field":"country","op":"exists","value":1}""", "value", "noValue")]
    [InlineData("""{"field":"country","op":"is","value":["ES"]}""", "value", "oneValue")]
    [InlineData("""{"field":"country","op":"is","value":" "}""", "value", "blankValue")]
    [InlineData("""{"field":"country","op":"isAnyOf","value":[]}""", "value", "emptyList")]
    [InlineData("""{"field":"contact.n","op":"greaterThan","value":"many"}""", "value", "notANumber")]
    [InlineData("""{"field":"contact.n","op":"between","value":[1]}""", "value", "twoValues")]
    [InlineData("""{"field":"created_at","op":"before","value":"soon"}""", "value", "notADate")]
    [InlineData("""{"field":"created_at","op":"inLastDays","value":0}""", "value", "days")]
    [InlineData("""{"field":"created_at","op":"before","value":"2026-01-01","timeZone":"Mars"}""", "timeZone", "unknownTimeZone")]
    [InlineData("""{"field":"channel","op":"hasAddress","value":"fax"}""", "value", "unknownKind")]
    [InlineData("""{"field":"import","op":"is","value":1.5}""", "value", "importId")]
    [InlineData("""{"field":"country","op":"is","value":"ES","extra":1}""", "extra", "unknownMember")]
    public void Parse_BadRule_SaysWhatAndWhere(string json, string path, string code)
    {
        Assert.Null(SegmentRule.Parse(json, out var problems));
        Assert.Contains(problems, p => p.Path == path && p.Code == code);
    }

    [Fact]
    public void Parse_TooMuch_IsRefused()
    {
        var condition = """{"field":"country","op":"is","value":"ES"}""";
        Assert.Null(SegmentRule.Parse($$"""{"all":[{{string.Join(",", Enumerable.Repeat(condition, SegmentRule.MostConditions + 1))}}]}""", out var many));
        Assert.Equal("tooManyConditions", Assert.Single(many).Code);
        Assert.Null(SegmentRule.Parse($$"""{"field":"country","op":"isAnyOf","value":[{{string.Join(",", Enumerable.Range(0, SegmentRule.MostValues + 1))}}]}""", out var values));
        Assert.Equal("tooManyValues", Assert.Single(values).Code);
        Assert.Null(SegmentRule.Parse(new string('[', 5_000), out var deep));
        Assert.Equal("notJson", Assert.Single(deep).Code);
    }

    [Fact]
    public void Compile_TextOfARule_NeverBecomesSql()
    {
        var rule = SegmentRule.Parse("""{"all":[{"field":"first_name","op":"contains","value":"x' OR 1=1 --"},{"field":"tag","op":"hasAnyOf","value":["'; DROP"]},{"field":"contact.city","op":"isAnyOf","value":["\"; --"]}]}""", out _)!;

        foreach (var dialect in (SqlDialect[])[new SqliteDialect(), new PostgresDialect()])
        {
            var condition = SegmentCompiler.Compile(rule, dialect, 0);
            Assert.DoesNotContain("DROP", condition.Sql, StringComparison.Ordinal);
            Assert.DoesNotContain("--", condition.Sql, StringComparison.Ordinal);
            Assert.DoesNotContain("city", condition.Sql, StringComparison.Ordinal);
        }
    }
}
