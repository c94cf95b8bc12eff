using System.Globalization;
using Broadcasts.Templates;
using NodaTime;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

/// <summary>A small contact list and the shortest way from a template to its text.</summary>
internal static class TemplateKit
{
    public static readonly TemplateSchema Schema = new(
        new TemplateField("city", TemplateValueType.Text),
        new TemplateField("codigo_postal", TemplateValueType.Text),
        new TemplateField("points", TemplateValueType.Number),
        new TemplateField("birthday", TemplateValueType.Date),
        new TemplateField("vip", TemplateValueType.Boolean),
        new TemplateField("visit", TemplateValueType.Moment),
        new TemplateField("opens", TemplateValueType.Time),
        new TemplateField("website", TemplateValueType.Text),
        new TemplateField("nothing", TemplateValueType.Text),
        new TemplateField("email", TemplateValueType.Text));

    /// <summary>Ana García of Madrid; <c>contact.nothing</c> is the one field without a value.</summary>
    public static RenderValues Ana(string culture = "en", string zone = "Europe/Madrid")
    {
        var values = new RenderValues(Schema)
        {
            Culture = CultureInfo.GetCultureInfo(culture),
            Zone = DateTimeZoneProviders.Tzdb[zone],
            Now = new DateTimeOffset(2026, 11, 22, 23, 30, 0, TimeSpan.Zero),
        };
        values.Set(TemplateSchema.BroadcastName, "Winter sale");
        values.Set(TemplateSchema.ChannelName, "WhatsApp Sales");
        values.SetContact("Ana", "García", "ana@example.com", "+34600111222", "es", "ES");
        values.SetFields(new Dictionary<string, string?>
        {
            ["city"] = "Madrid", ["codigo_postal"] = "08001", ["points"] = "1234.50", ["birthday"] = "1990-03-05", ["vip"] = "true",
            ["visit"] = "2026-07-01T22:15:00Z", ["opens"] = "09:30", ["website"] = "https://ana.example/?a=1&b=2", ["nothing"] = "  ",
            ["email"] = "second@example.com", ["deleted_meanwhile"] = "x",
        });
        return values;
    }

    public static MessageTemplate Parse(string text, TemplateFormat format = TemplateFormat.Text)
    {
        var parsed = MessageTemplate.TryParse(text, format, Schema, out var template, out var problems);
        Assert.True(parsed, string.Join("\n", problems));
        Assert.Empty(problems);
        return template!;
    }

    public static string Render(string text, TemplateFormat format = TemplateFormat.Text, RenderValues? values = null)
    {
        var result = Parse(text, format).Render(values ?? Ana());
        Assert.True(result.Succeeded, result.Failure?.ToString());
        return result.Text!;
    }

    public static RenderFailure Fail(string text, RenderValues? values = null)
    {
        var result = Parse(text).Render(values ?? Ana());
        Assert.False(result.Succeeded, result.Text);
        return result.Failure!;
    }

    public static IReadOnlyList<TemplateProblem> Refuse(string text, TemplateFormat format = TemplateFormat.Text)
    {
        Assert.False(MessageTemplate.TryParse(text, format, Schema, out var template, out var problems), "accepted: " + text);
        Assert.Null(template);
        Assert.NotEmpty(problems);
        return problems;
    }
}
