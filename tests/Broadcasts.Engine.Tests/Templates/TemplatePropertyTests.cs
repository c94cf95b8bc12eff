using System.Globalization;
using System.Text;
using Broadcasts.Templates;
using NodaTime;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

/// <summary>What must hold for any contact, checked on many random ones. The seed is fixed: a failure comes again.</summary>
public sealed class TemplatePropertyTests
{
    private static readonly string[] Tags =
    [
        "{{ contact.first_name | fallback \"friend\" }}", "{{ contact.last_name }}", "$contact.name", "{{ $contact.city | upcase }}", "$contact.fields.codigo_postal",
        "{{ contact.points | number 2 | fallback \"no\" }}", "{{ contact.birthday | date \"d MMMM\" | fallback \"\" }}", "{{ contact.vip }}", "{{ now | date }}",
        "{{ if contact.vip }}$contact.email{{ else if contact.city == \"Madrid\" }}{{ contact.phone }}{{ else }}-{{ end }}",
        "{{ contact.nothing ?? contact.city | truncate 5 }}", "{{ if contact.points > 10 and not contact.nothing }}{{ contact.points | plural \"a\" \"b\" }}{{ end }}",
        "{{ broadcast.name }}", "{{~ channel.name | downcase -}}", "{{# $contact.name #}}", "{{ contact.website | url_encode }}",
    ];

    private static readonly string[] Words = ["Hello", " ", "\n", "<b>", "</b>", "&amp;", "}}", "100 %", "$5", "Año", "😀", ".", "{", "<a href=\"https://x.example/?a=", "\">"];

    [Fact]
    public void Render_RandomContactsAndTemplates_NoTokenOfTheTemplateIsLeft()
    {
        var random = new Random(7);
        var texts = 0;
        for (var round = 0; round < 3_000; round++)
        {
            var format = (TemplateFormat)random.Next(3);
            var text = RandomTemplate(random, format);
            foreach (var spelling in new[] { text, MessageTemplate.Normalise(text) })
            {
                var template = TemplateKit.Parse(spelling, format);
                for (var contact = 0; contact < 5; contact++)
                {
                    var result = template.Render(RandomContact(random));
                    if (!result.Succeeded)
                    {
                        Assert.True(result.Failure.Line >= 1 && result.Failure.Column >= 1);
                        continue;
                    }

                    texts++;
                    Assert.DoesNotContain("{{", result.Text, StringComparison.Ordinal);
                    Assert.DoesNotContain("$contact", result.Text, StringComparison.OrdinalIgnoreCase);
                    Assert.DoesNotContain("contact.", result.Text, StringComparison.OrdinalIgnoreCase);
                    if (format == TemplateFormat.Line) Assert.DoesNotContain(result.Text, char.IsControl);
                }
            }
        }

        Assert.True(texts > 1_000, $"only {texts} messages had all their values");
    }

    [Fact]
    public void Render_NormalisedAndOriginal_AreTheSameText()
    {
        var random = new Random(11);
        for (var round = 0; round < 2_000; round++)
        {
            var text = RandomTemplate(random, TemplateFormat.Text);
            var contact = RandomContact(random);
            var original = TemplateKit.Parse(text).Render(contact);
            var normalised = TemplateKit.Parse(MessageTemplate.Normalise(text)).Render(contact);
            Assert.Equal(original.Text, normalised.Text);
            Assert.Equal((original.Failure as MissingValue)?.Variable, (normalised.Failure as MissingValue)?.Variable);
        }
    }

    [Fact]
    public void Render_AnyMarkupInValues_StaysText()
    {
        const string Text = "<p title=\"{{ contact.city }}\" class='{{ contact.city }}'>{{ contact.city }}</p>";
        var template = TemplateKit.Parse(Text, TemplateFormat.Html);
        var values = TemplateKit.Ana();
        var random = new Random(13);
        for (var round = 0; round < 5_000; round++)
        {
            values.Set(TemplateSchema.FirstField, RandomText(random, "<>\"'&;/= \n\tabcscript!-\u00A0é😀") + "x");
            var html = template.Render(values).Text!;
            Assert.Equal(2, html.Count(c => c == '<'));
            Assert.Equal(2, html.Count(c => c == '>'));
            Assert.Equal(2, html.Count(c => c == '"'));
            Assert.Equal(2, html.Count(c => c == '\''));
        }
    }

    [Fact]
    public async Task Render_ManyThreadsOneTemplate_NobodyGetsAnothersText()
    {
        var template = TemplateKit.Parse(
            "{{ contact.name }};{{ contact.city | upcase }};{{ contact.points | number 1 }};{{ if contact.vip }}{{ contact.email }}{{ else }}-{{ end }};{{ contact.nothing | fallback contact.phone }}");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            var values = new RenderValues(TemplateKit.Schema);
            for (var i = 0; i < 20_000; i++)
            {
                var id = worker * 1_000_000 + i;
                values.SetContact($"f{id}", $"l{id}", $"e{id}", $"p{id}", null, null);
                values.SetFields([new("city", $"c{id}"), new("points", $"{id}.5"), new("vip", i % 2 == 0 ? "true" : "false")]);
                if (i % 5 == 0) values.Set(TemplateSchema.FirstField, (string?)null);

                var result = template.Render(values);
                if (i % 5 == 0) Assert.Equal("contact.city", Assert.IsType<MissingValue>(result.Failure).Variable);
                else Assert.Equal($"f{id} l{id};C{id};{id.ToString("N0", CultureInfo.InvariantCulture)}.5;{(i % 2 == 0 ? $"e{id}" : "-")};p{id}", result.Text);
            }
        }, TestContext.Current.CancellationToken)));
    }

    private static string RandomTemplate(Random random, TemplateFormat format)
    {
        var text = new StringBuilder();
        var open = false;
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            if (random.Next(2) == 0)
            {
                text.Append(Tags[random.Next(Tags.Length)]).Append(" ,-"[random.Next(3)]);
                continue;
            }

            var word = Words[random.Next(Words.Length)];
            var opens = word.StartsWith("<a", StringComparison.Ordinal);
            var closes = word == "\">";
            if (format == TemplateFormat.Html && (opens ? open : closes && !open)) continue;
            open = opens || (open && !closes);
            text.Append(word).Append(' ');
        }

        return text.ToString();
    }

    private static RenderValues RandomContact(Random random)
    {
        string[] cultures = ["en", "es", "de-CH", "ru", "tr", "ar", "zh-Hans", "pl"];
        var values = new RenderValues(TemplateKit.Schema)
        {
            Culture = CultureInfo.GetCultureInfo(cultures[random.Next(cultures.Length)]),
            Zone = DateTimeZoneProviders.Tzdb[random.Next(2) == 0 ? "Asia/Kathmandu" : "America/Sao_Paulo"],
            Now = DateTimeOffset.FromUnixTimeSeconds(random.NextInt64(0, 4_000_000_000)),
        };
        values.Set(TemplateSchema.BroadcastName, "B");
        values.Set(TemplateSchema.ChannelName, "C");
        values.SetContact(Maybe(), Maybe(), Maybe(), Maybe(), Maybe(), Maybe());
        values.SetFields(
        [
            new("city", Maybe()), new("codigo_postal", Maybe()), new("website", Maybe()), new("nothing", Maybe()),
            new("points", random.Next(4) == 0 ? Maybe() : random.Next(-5, 5_000).ToString(CultureInfo.InvariantCulture)),
            new("birthday", random.Next(4) == 0 ? Maybe() : $"19{random.Next(10, 100)}-0{random.Next(1, 10)}-1{random.Next(10)}"),
            new("vip", random.Next(2) == 0 ? "true" : "false"),
        ]);
        return values;

        string? Maybe() => random.Next(8) == 0 ? null : RandomText(random, "abcÁñ <>&\"'\r\n}%\0\u2028😀東") + (random.Next(8) == 0 ? "" : "z");
    }

    private static string RandomText(Random random, string alphabet) =>
        string.Concat(Enumerable.Range(0, random.Next(0, 20)).Select(_ => alphabet[random.Next(alphabet.Length)]));
}
