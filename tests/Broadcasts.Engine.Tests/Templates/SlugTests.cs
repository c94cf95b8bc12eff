using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class SlugTests
{
    [Theory]
    [InlineData("Código postal", "codigo_postal")]
    [InlineData("  Fecha de Nacimiento (día)  ", "fecha_de_nacimiento_dia")]
    [InlineData("city", "city")]
    [InlineData("Año/Mes -- Día", "ano_mes_dia")]
    [InlineData("Straße", "strasse")]
    [InlineData("Smørrebrød Łódź", "smorrebrod_lodz")]
    [InlineData("a\u0301 e\u0301", "a_e")]
    [InlineData("__x__", "x")]
    [InlineData("2nd phone", "field_2nd_phone")]
    [InlineData("Email", "field_email")]
    [InlineData("First Name", "field_first_name")]
    [InlineData("Fields", "field_fields")]
    [InlineData("True", "field_true")]
    [InlineData("abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij", "abcdefghij_abcdefghij_abcdefghij_abcdefghij_abcdef")]
    [InlineData("abcdefghij abcdefghij abcdefghij abcdefghij abcde fghij", "abcdefghij_abcdefghij_abcdefghij_abcdefghij_abcde")]
    public void Of_Name_IsItsSlug(string name, string expected) => Assert.Equal(expected, Slug.Of(name));

    [Theory]
    [InlineData("Город")]
    [InlineData("東京")]
    [InlineData("")]
    [InlineData("!!!")]
    [InlineData("\uD83D")]
    public void Of_NameWithoutLatinLetters_IsStableAndUsable(string name)
    {
        var slug = Slug.Of(name);
        Assert.Matches("^field_[0-9a-f]{8}$", slug);
        Assert.Equal(slug, Slug.Of(name));
    }

    [Fact]
    public void Of_DifferentNamesWithoutLatinLetters_Differ() => Assert.NotEqual(Slug.Of("Город"), Slug.Of("Улица"));

    [Theory]
    [InlineData("if else end for in while break continue case when func ret capture tablerow readonly import with wrap include")]
    [InlineData("null true false this do tail offset limit reversed empty blank and or not now contact broadcast channel")]
    [InlineData("email Fields 2nd ñ _ id tags")]
    public void Of_AnyWord_CanBePrinted(string words)
    {
        foreach (var word in words.Split(' '))
        {
            var slug = Slug.Of(word);
            var schema = new TemplateSchema(new TemplateField(slug, TemplateValueType.Text));
            var text = $"{{{{ contact.{slug} }}}}{{{{ contact.fields.{slug} }}}}$contact.{slug}";
            Assert.True(MessageTemplate.TryParse(text, TemplateFormat.Text, schema, out var template, out var problems), $"{word}: {string.Join("; ", problems)}");

            var values = new RenderValues(schema);
            values.SetFields([new(slug, "v")]);
            Assert.Equal("vvv", template.Render(values).Text);
        }
    }

    [Fact]
    public void Of_RandomNames_AreIdentifiersOfLimitedLengthAndStable()
    {
        var random = new Random(3);
        for (var i = 0; i < 5_000; i++)
        {
            var name = string.Concat(Enumerable.Range(0, random.Next(0, 90)).Select(_ => (char)random.Next(0, 0x3000)));
            var slug = Slug.Of(name);
            Assert.Matches("^[a-z][a-z0-9_]{0,49}$", slug);
            Assert.Equal(slug, Slug.Of(slug));
        }
    }
}
