using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class MessageTemplateTests
{
    [Theory]
    // Names
    [InlineData("Hi {{ contact.first_name }}!", "Hi Ana!")]
    [InlineData("{{contact.last_name}}, {{contact.email}} {{ contact.phone }}", "García, ana@example.com +34600111222")]
    [InlineData("{{ contact.name }}", "Ana García")]
    [InlineData("{{ contact.language }}-{{ contact.country }}", "es-ES")]
    [InlineData("{{ contact.codigo_postal }} {{ contact.fields.city }}", "08001 Madrid")]
    [InlineData("{{ contact.email }} {{ contact.fields.email }}", "ana@example.com second@example.com")]
    [InlineData("{{ broadcast.name }} / {{ channel.name }}", "Winter sale / WhatsApp Sales")]
    [InlineData("{{ now }}", "2026-11-23 00:30")]
    [InlineData("{{ contact.points }} {{ contact.birthday }} {{ contact.vip }} {{ contact.opens }}", "1234.50 1990-03-05 true 09:30")]
    // The spelling with a dollar
    [InlineData("Hi {{ $contact.first_name }}", "Hi Ana")]
    [InlineData("Hi $contact.first_name, from $contact.fields.city.", "Hi Ana, from Madrid.")]
    [InlineData("$contact.first_name.Welcome to $channel.name!", "Ana.Welcome to WhatsApp Sales!")]
    [InlineData("$contacts, $5, $channel, US$", "$contacts, $5, $channel, US$")]
    // Fallbacks
    [InlineData("{{ contact.nothing | fallback \"friend\" }}", "friend")]
    [InlineData("{{ contact.first_name | fallback \"friend\" }}", "Ana")]
    [InlineData("{{ contact.nothing | fallback contact.city }}", "Madrid")]
    [InlineData("{{ contact.nothing | fallback contact.nothing | fallback 'x' | upcase }}", "X")]
    [InlineData("{{ contact.nothing | upcase | fallback \"x\" }}", "x")]
    [InlineData("{{ contact.nothing ?? \"x\" }}{{ contact.nothing | fallback \"\" }}{{ contact.nothing | fallback 0 }}", "x0")]
    [InlineData("{{ contact.nothing | date | fallback \"soon\" }}", "soon")]
    // Conditions
    [InlineData("{{ if contact.nothing }}A{{ else }}B{{ end }}", "B")]
    [InlineData("{{ if contact.city }}A{{ end }}", "A")]
    [InlineData("{{ if contact.country == \"ES\" }}hola{{ else if contact.country == \"FR\" }}salut{{ else }}hello{{ end }}", "hola")]
    [InlineData("{{ if contact.country == \"FR\" }}a{{ else if contact.city == \"madrid\" }}b{{ else }}c{{ end }}", "b")]
    [InlineData("{{ if contact.country == \"FR\" }}a{{ else if contact.city != \"Madrid\" }}b{{ else }}c{{ end }}", "c")]
    [InlineData("{{ if contact.nothing == \"x\" }}A{{ else }}B{{ end }}", "B")]
    [InlineData("{{ if contact.nothing == \"\" && contact.nothing == null }}A{{ end }}", "A")]
    [InlineData("{{ if contact.nothing > 5 || contact.nothing <= 5 }}A{{ else }}B{{ end }}", "B")]
    [InlineData("{{ if contact.points > 1000 and contact.points <= 1234.5 and not contact.nothing }}A{{ end }}", "A")]
    [InlineData("{{ if contact.points == 1234.5 }}A{{ end }}", "A")]
    [InlineData("{{ if contact.codigo_postal == \"8001\" }}A{{ else }}B{{ end }}", "B")]
    [InlineData("{{ if contact.codigo_postal == 8001 or false }}A{{ end }}", "A")]
    [InlineData("{{ if contact.city == 5 }}A{{ else }}B{{ end }}", "B")]
    [InlineData("{{ if contact.vip }}A{{ end }}{{ if contact.vip == true }}B{{ end }}{{ if !contact.vip }}C{{ end }}", "AB")]
    [InlineData("{{ if not (contact.country == \"FR\") }}A{{ end }}", "A")]
    [InlineData("{{ if contact.birthday < \"2000-01-01\" }}A{{ end }}", "A")]
    [InlineData("{{ if now >= \"2026-11-23\" }}A{{ end }}", "A")]
    [InlineData("{{ if (contact.birthday | date \"MM\") == \"03\" }}A{{ end }}", "A")]
    [InlineData("{{ if contact.opens < \"10:00\" }}A{{ end }}", "A")]
    [InlineData("{{ contact.vip ? \"Dear\" : contact.nothing }}", "Dear")]
    [InlineData("{{ if contact.points > -1 }}A{{ end }}", "A")]
    [InlineData("{{ if contact.city; \"in \"; contact.city; end }}", "in Madrid")]
    [InlineData("{{ if true }}{{ if contact.nothing }}A{{ else }}B{{ end }}C{{ end }}D", "BCD")]
    // Text around tags
    [InlineData("", "")]
    [InlineData("{{}}", "")]
    [InlineData("a {{# a remark #}}b", "a b")]
    [InlineData("a \n {{- contact.city -}} \n b", "aMadridb")]
    [InlineData("}} x {c} { {", "}} x {c} { {")]
    [InlineData("{%{ {{ raw }} $contact.name }%}", " {{ raw }} $contact.name ")]
    [InlineData("Año 😀 {{ contact.last_name }} ", "Año 😀 García ")]
    [InlineData("{{ \"a\\nb\" }}{{ 5 }}{{ 1.50 }}{{ -3 }}{{ null }}", "a\nb51.50-3")]
    public void Render_Allowed_PrintsIt(string template, string expected) => Assert.Equal(expected, TemplateKit.Render(template));

    [Fact]
    public void Render_MissingValueWithoutFallback_NamesVariableAndPlace()
    {
        var missing = Assert.IsType<MissingValue>(TemplateKit.Fail("Hi\r\n  {{ contact.fields.nothing | upcase }} {{ contact.city }}"));
        Assert.Equal(new MissingValue("contact.nothing", 2, 6), missing);
    }

    [Theory]
    [InlineData("{{ contact.nothing }}")]
    [InlineData("$contact.nothing")]
    [InlineData("{{ contact.nothing ?? contact.nothing }}")]
    [InlineData("{{ contact.vip ? contact.nothing : 1 }}")]
    [InlineData("{{ contact.nothing | number }}")]
    [InlineData("{{ if contact.city }}{{ contact.nothing | plural \"a\" \"b\" }}{{ end }}")]
    public void Render_MissingValueWithoutFallback_IsMissing(string template) => Assert.IsType<MissingValue>(TemplateKit.Fail(template));

    [Fact]
    public void Render_UnusedBranchWithMissingValue_IsNoFailure() =>
        Assert.Equal("ok", TemplateKit.Render("{{ if contact.nothing }}{{ contact.nothing }}{{ else }}ok{{ end }}"));

    [Theory]
    [InlineData("{{ contact.city | date }}", "'Madrid' is not a date", 1, 19)]
    [InlineData("{{ contact.city | number }}", "'Madrid' is not a number", 1, 19)]
    [InlineData("\n{{ contact.city | plural \"a\" \"b\" | fallback \"c\" }}", "'Madrid' is not a number", 2, 19)]
    [InlineData("{{ if (contact.city | date) == \"x\" }}{{ end }}", "'Madrid' is not a date", 1, 23)]
    [InlineData("{{ contact.vip | number }}", "'true' is not a number", 1, 18)]
    public void Render_ValueThatAFilterCannotUse_IsFaultyAtItsPlace(string template, string message, int line, int column)
    {
        var fault = Assert.IsType<Faulty>(TemplateKit.Fail(template));
        Assert.StartsWith(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (fault.Line, fault.Column));
    }

    [Fact]
    public void Render_AsManyBranchesAsPeopleWrite_Works()
    {
        var chain = string.Concat(Enumerable.Range(0, 25).Select(i => $"{{{{ else if contact.city == \"{i}\" }}}}{i}"));
        Assert.Equal("other", TemplateKit.Render($"{{{{ if contact.city == \"x\" }}}}x{chain}{{{{ else }}}}other{{{{ end }}}}"));

        var any = string.Join(" or ", Enumerable.Range(0, 25).Select(i => $"contact.city == \"{i}\""));
        Assert.Equal("no", TemplateKit.Render($"{{{{ if {any} }}}}yes{{{{ else }}}}no{{{{ end }}}}"));
    }

    [Fact]
    public void Render_TagsOnTheirOwnLines_LeaveNoEmptyLines() =>
        Assert.Equal("a\nb\nc", TemplateKit.Render("a\n{{~ if contact.vip ~}}\nb\n{{~ end ~}}\nc"));

    [Fact]
    public void Render_HugeValues_AreFaultyInsteadOfEndless()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, new string('x', 100_000));
        var fault = Assert.IsType<Faulty>(TemplateKit.Fail(string.Concat(Enumerable.Repeat("{{ contact.city }}", 1000)), values));
        Assert.Contains("longer than 256 K", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_LongMessage_IsWhole()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, new string('ñ', 40_000));
        var filler = new string('-', 3_000);
        Assert.Equal(filler + new string('ñ', 40_000) + filler, TemplateKit.Render(filler + "{{ contact.city }}" + filler, values: values));
    }

    [Fact]
    public void Render_ValuesLikeTemplates_ArePrintedAsTheyAre()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstName, "{{ contact.email }} $contact.phone");
        Assert.Equal("{{ contact.email }} $contact.phone", TemplateKit.Render("{{ contact.first_name }}", values: values));
    }

    [Fact]
    public void Render_ForTheNextContact_KeepsNothingOfTheLast()
    {
        var template = TemplateKit.Parse("{{ contact.name | fallback '-' }} {{ contact.city | fallback '-' }} {{ broadcast.name }}");
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.Name, "Doña Ana");
        Assert.Equal("Doña Ana Madrid Winter sale", template.Render(values).Text);

        values.SetContact(null, "Smith", null, null, null, null);
        Assert.Equal("Smith - Winter sale", template.Render(values).Text);
    }

    [Fact]
    public void Render_RowOfAnotherSchema_IsRefused() =>
        Assert.Throws<ArgumentException>(() => TemplateKit.Parse("x").Render(new RenderValues(new TemplateSchema())));

    [Fact]
    public void Variables_AnySpelling_AreListedOnceAndSorted()
    {
        var template = TemplateKit.Parse("$contact.city {{ contact.fields.city }}{{ if contact.vip }}{{ contact.nothing | fallback contact.name }}{{ end }} {{ now | date }}");
        Assert.Equal(["contact.city", "contact.name", "contact.nothing", "contact.vip", "now"], template.Variables);
    }

    [Theory]
    [InlineData("Hi $contact.first_name, {{ $contact.city }}.", "Hi {{ contact.first_name }}, {{ contact.city }}.")]
    [InlineData("$contact.fields.city.", "{{ contact.fields.city }}.")]
    [InlineData("{{ if $contact.vip }}$contact.name{{ end }}", "{{ if contact.vip }}{{ contact.name }}{{ end }}")]
    [InlineData("{{ $now }} $now $5", "{{ now }} $now $5")]
    [InlineData("{%{ $contact.name }%} {{ \"$contact.name\" }}", "{%{ $contact.name }%} {{ \"$contact.name\" }}")]
    [InlineData("{{ $other.name }} $contact alone", "{{ $other.name }} $contact alone")]
    [InlineData("{{ broken $contact.name", "{{ broken contact.name")]
    [InlineData("nothing to do {{ contact.name }}", "nothing to do {{ contact.name }}")]
    public void Normalise_DollarNames_BecomeOurs(string text, string expected)
    {
        Assert.Equal(expected, MessageTemplate.Normalise(text));
        Assert.Equal(expected, MessageTemplate.Normalise(expected));
    }

    [Fact]
    public void Schema_Names_AreTheBuiltInsThenTheFields()
    {
        Assert.Equal(
            ["contact.first_name", "contact.last_name", "contact.name", "contact.email", "contact.phone", "contact.language", "contact.country",
                "broadcast.name", "channel.name", "now", "links.opt_out", "links.confirm", "contact.city", "contact.codigo_postal"],
            TemplateKit.Schema.Names.Take(14).Select(name => name.Name));
        Assert.Equal("contact.fields.email", TemplateKit.Schema.Names[^1].Name);
        Assert.All(TemplateKit.Schema.Names, name => Assert.True(TemplateKit.Schema.TryFind(name.Name, out var index) && index == name.Index));
    }
}
