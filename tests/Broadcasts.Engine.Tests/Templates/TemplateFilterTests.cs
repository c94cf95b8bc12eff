using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class TemplateFilterTests
{
    [Theory]
    [InlineData("{{ contact.last_name | upcase }} {{ contact.last_name | downcase }}", "en", "GARCÍA garcía")]
    [InlineData("{{ \"istanbul\" | upcase }}", "tr", "İSTANBUL")]
    [InlineData("{{ \"éric DUPONT\" | capitalize }}{{ \"\" | capitalize }}{{ \"5a\" | capitalize }}", "fr", "Éric DUPONT5a")]
    [InlineData("[{{ \"  a b \" | strip }}]", "en", "[a b]")]
    [InlineData("{{ \"abcdefghij\" | truncate 8 }}|{{ \"abcdefgh\" | truncate 8 }}|{{ \"abcdefghij\" | truncate 2 }}", "en", "abcde...|abcdefgh|ab")]
    [InlineData("{{ \"abc defghij\" | truncate 5 \"…\" }}|{{ \"abcdef\" | truncate 3 \"\" }}|{{ \"abc\" | truncate 0 }}|", "en", "abc…|abc||")]
    [InlineData("{{ \"👨‍👩‍👧👨‍👩‍👧é́xyz\" | truncate 2 \"\" }}", "en", "👨‍👩‍👧👨‍👩‍👧")]
    [InlineData("{{ \"a b&c=á/?\" | url_encode }}", "en", "a%20b%26c%3D%C3%A1%2F%3F")]
    [InlineData("{{ contact.points | number }} {{ contact.points | number 0 }} {{ contact.points | number 2 }}", "en", "1,234.5 1,235 1,234.50")]
    [InlineData("{{ contact.points | number 2 }} {{ contact.points | number \"0.0\" }} {{ 0.256 | number \"P1\" }}", "de", "1.234,50 1234,5 25,6 %")]
    [InlineData("{{ contact.codigo_postal | number }}", "en", "8,001")]
    [InlineData("{{ contact.birthday | date }}", "es", "lunes, 5 de marzo de 1990")]
    [InlineData("{{ contact.birthday | date \"short\" }} {{ contact.birthday | date \"d MMMM yyyy\" }}", "es", "5/3/1990 5 marzo 1990")]
    [InlineData("{{ contact.visit | date \"yyyy-MM-dd HH:mm\" }}", "en", "2026-07-02 00:15")]
    [InlineData("{{ now | date \"dddd HH:mm\" }}", "es", "lunes 00:30")]
    [InlineData("{{ now | date \"time\" }}", "es", "0:30")]
    [InlineData("{{ contact.opens | date \"HH.mm\" }}", "en", "09.30")]
    [InlineData("{{ \"2026-07-01T22:15:00-04:00\" | date \"dd HH:mm\" }} {{ \"2026-07-01 22:15\" | date \"dd HH:mm\" }}", "en", "02 04:15 01 22:15")]
    [InlineData("{{ 1 | plural \"point\" \"points\" }} {{ 0 | plural \"point\" \"points\" }} {{ contact.points | plural \"point\" \"points\" }}", "en", "point points points")]
    [InlineData("{{ 0 | plural \"point\" \"points\" }} {{ 1.5 | plural \"point\" \"points\" }} {{ 2 | plural \"point\" \"points\" }}", "fr", "point point points")]
    [InlineData("{{ 21 | plural \"1\" \"2\" \"5\" }}{{ 3 | plural \"1\" \"2\" \"5\" }}{{ 12 | plural \"1\" \"2\" \"5\" }}{{ 11 | plural \"1\" \"2\" \"5\" }}", "ru", "1255")]
    [InlineData("{{ 21 | plural \"1\" \"2\" \"5\" }}{{ 22 | plural \"1\" \"2\" \"5\" }}{{ 1.5 | plural \"1\" \"2\" \"5\" }}", "pl", "525")]
    [InlineData("{{ 1 | plural \"1\" \"2\" \"5\" }}{{ 4 | plural \"1\" \"2\" \"5\" }}{{ 24 | plural \"1\" \"2\" \"5\" }}", "cs", "125")]
    public void Render_Filter_FollowsTheRecipient(string template, string culture, string expected) =>
        Assert.Equal(expected, TemplateKit.Render(template, values: TemplateKit.Ana(culture)).Replace('\u00A0', ' '));

    [Theory]
    [InlineData("03/04/2026")]
    [InlineData("2026-02-30")]
    [InlineData("2026-13-01T00:00Z")]
    [InlineData("99:99")]
    [InlineData("٢٠٢٦-٠١-٠١")]
    public void Date_NotIso_IsFaulty(string value)
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, value);
        Assert.IsType<Faulty>(TemplateKit.Fail("{{ contact.city | date }}", values));
    }

    [Theory]
    [InlineData("1,5")]
    [InlineData("1.234,50")]
    [InlineData("1e400")]
    [InlineData("12 €")]
    public void Number_NotPlainDecimal_IsFaulty(string value)
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, value);
        Assert.IsType<Faulty>(TemplateKit.Fail("{{ contact.city | number }}", values));
    }

    [Theory]
    [InlineData("9999-12-31T23:59:59Z", "Pacific/Kiritimati")]
    [InlineData("0001-01-01T00:00:00Z", "America/New_York")]
    [InlineData("0001-01-01T00:00:00+14:00", "America/New_York")]
    public void Date_AtTheEndsOfTime_NeverThrows(string value, string zone)
    {
        var values = TemplateKit.Ana(zone: zone);
        values.Set(TemplateSchema.FirstField, value);
        var result = TemplateKit.Parse("{{ contact.city | date }}").Render(values);
        Assert.True(result.Succeeded || result.Failure is Faulty);
    }

    [Fact]
    public void Date_OutsideTheCulturesCalendar_IsFaulty()
    {
        var values = TemplateKit.Ana("ar-SA");
        values.Set(TemplateSchema.FirstField, "2500-01-01");
        Assert.IsType<Faulty>(TemplateKit.Fail("{{ contact.city | date }}", values));
    }

    [Fact]
    public void TypedSetters_PrintAndCompareLikeStoredText()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField + 2, 7.5m);
        values.Set(TemplateSchema.FirstField + 3, new DateOnly(2001, 2, 3));
        values.Set(TemplateSchema.FirstField + 4, false);
        values.Set(TemplateSchema.FirstField + 5, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(
            "7.5 2001-02-03 false 2026-01-01 01:00 <",
            TemplateKit.Render("{{ contact.points }} {{ contact.birthday }} {{ contact.vip }} {{ contact.visit }} {{ if contact.birthday < contact.visit and contact.vip == false }}<{{ end }}", values: values));
    }

    [Fact]
    public void All_EveryFilter_IsDocumented()
    {
        Assert.Equal(
            ["fallback", "upcase", "downcase", "capitalize", "strip", "truncate", "date", "number", "plural", "url_encode"],
            TemplateFilters.All.Select(filter => filter.Name));
        Assert.All(TemplateFilters.All, filter => Assert.EndsWith(".", filter.Help, StringComparison.Ordinal));
        Assert.All(TemplateFilters.All, filter => Assert.Equal(filter.MaxArguments > 0, filter.Arguments.Length > 0));
    }
}
