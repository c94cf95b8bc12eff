using System.Reflection;
using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

/// <summary>docs/templates.md is what writers read: it names what the code has.</summary>
public sealed class TemplateDocsTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Root(), "docs", "templates.md"));

    [Fact]
    public void Page_EveryFilter_HasItsRow() =>
        Assert.All(TemplateFilters.All, filter =>
            Assert.Contains($"| `{filter.Name}` | {filter.Arguments} | {filter.Help} |".Replace("|  |", "| |", StringComparison.Ordinal), Page, StringComparison.Ordinal));

    [Fact]
    public void Page_EveryBuiltInName_IsThere() =>
        Assert.All(new TemplateSchema().Names, name => Assert.Contains($"`{name.Name}`", Page, StringComparison.Ordinal));

    [Fact]
    public void Page_EveryProblemCode_IsThere() =>
        Assert.All(
            typeof(TemplateProblemCodes).GetFields(BindingFlags.Public | BindingFlags.Static),
            field => Assert.Contains($"`{field.GetRawConstantValue()}`", Page, StringComparison.Ordinal));

    [Theory]
    [InlineData("{{ now | date }}", "lunes, 23 de noviembre de 2026")]
    [InlineData("{{ contact.birthday | date \"d 'de' MMMM\" }}", "5 de marzo")]
    [InlineData("{{ contact.visit | date \"dd/MM HH:mm\" }}", "02/07 00:15")]
    [InlineData("{{ contact.points | number 2 }} €", "1.234,50 €")]
    [InlineData("{{ 3 }} {{ 3 | plural \"punto\" \"puntos\" }}", "3 puntos")]
    [InlineData("{{ \"Talleres García e hijos\" | truncate 12 }}", "Talleres...")]
    public void Page_Examples_AreTrue(string template, string expected)
    {
        Assert.Equal(expected, TemplateKit.Render(template, values: TemplateKit.Ana("es-ES")));
        Assert.Contains(expected, Page, StringComparison.Ordinal);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Broadcasts.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("Broadcasts.sln is in no folder above the tests.");
    }
}
