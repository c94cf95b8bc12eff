using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class TemplateProblemTests
{
    [Theory]
    [InlineData("Hi\n {{ contact.frist_name }}", "unknownName", 2, 5, "contact.frist_name", "contact.first_name")]
    [InlineData("{{ contact.firstName }}", "unknownName", 1, 4, "contact.firstName", "contact.first_name")]
    [InlineData("Hi $contact.firstname!", "unknownName", 1, 4, "contact.firstname", "contact.first_name")]
    [InlineData("Hi $contact!", "unknownName", 1, 4, "$contact", "contact.name")]
    [InlineData("Hi $Contact.Name!", "unknownName", 1, 4, "Contact.Name", "contact.name")]
    [InlineData("{{ first_name }}", "unknownName", 1, 4, "first_name", null)]
    [InlineData("{{ contact }}", "unknownName", 1, 4, "contact", null)]
    [InlineData("{{ contact.código_postal }}", "unknownName", 1, 4, "contact.código_postal", "contact.codigo_postal")]
    [InlineData("{{ contact.name | default \"x\" }}", "unknownFilter", 1, 19, "default", "fallback")]
    [InlineData("{{ contact.name | upcase | lower }}", "unknownFilter", 1, 28, "lower", "downcase")]
    [InlineData("{{ contact.name | upcas }}", "unknownFilter", 1, 19, "upcas", "upcase")]
    [InlineData("{{ contact.name | string.upcase }}", "unknownFilter", 1, 19, "string.upcase", null)]
    [InlineData("{{ contact.name | html_raw }}", "unknownFilter", 1, 19, "html_raw", null)]
    [InlineData("{{ contact.name | fallback }}", "badArguments", 1, 19, "fallback", null)]
    [InlineData("{{ contact.name | upcase 1 }}", "badArguments", 1, 19, "upcase", null)]
    [InlineData("{{ contact.name | truncate \"a\" }}", "badArguments", 1, 19, "truncate", null)]
    [InlineData("{{ contact.name | truncate contact.points }}", "badArguments", 1, 19, "truncate", null)]
    [InlineData("{{ contact.name | truncate 99999999 }}", "badArguments", 1, 19, "truncate", null)]
    [InlineData("{{ now | date \"%d/%m\" }}", "badArguments", 1, 10, "date", null)]
    [InlineData("{{ now | date \"Q\" }}", "badArguments", 1, 10, "date", null)]
    [InlineData("{{ contact.points | number \"N999999999\" }}", "badArguments", 1, 21, "number", null)]
    [InlineData("{{ contact.points | number \"C\" }}", "badArguments", 1, 21, "number", null)]
    [InlineData("{{ contact.points | plural \"one\" }}", "badArguments", 1, 21, "plural", null)]
    [InlineData("{{ contact.name | fallback: \"x\" }}", "syntax", 1, 19, "fallback", null)]
    [InlineData("{{ contact.name \"x\" }}", "syntax", 1, 4, null, null)]
    [InlineData("{{ contact.name | }}", "syntax", 1, 19, null, null)]
    [InlineData("{{ if contact.vip }}x", "syntax", 1, 21, null, null)]
    [InlineData("{{ end }}", "syntax", 1, 6, null, null)]
    [InlineData("{{ contact.name | fallback \"x }}", "syntax", 1, 32, null, null)]
    [InlineData("Hi {{ contact.name", "unclosed", 1, 4, "{{", null)]
    [InlineData("Hi {{ contact.name, {{ contact.city }}", "unclosed", 1, 4, "{{", null)]
    [InlineData("x\ny {%{ abc", "unclosed", 2, 3, "{%{", null)]
    [InlineData("{{ upcase contact.name }}", "notAllowed", 1, 4, "upcase", null)]
    [InlineData("{{ contact.points + 1 }}", "notAllowed", 1, 4, null, null)]
    [InlineData("{{ contact.name | fallback \"$contact.city\" }}", "notAllowed", 1, 28, "$contact.city", null)]
    [InlineData("{{ \"{{ contact.city }}\" }}", "notAllowed", 1, 4, "{{ contact.city }}", null)]
    [InlineData("{{ if not contact.city == \"x\" }}{{ end }}", "ambiguous", 1, 7, "not", null)]
    [InlineData("{{ for x in 1..3 }}{{ end }}", "notAllowed", 1, 4, "for", null)]
    [InlineData("Hi {% if x %}y{% endif %}", "notAllowed", 1, 4, "{% if x %}", null)]
    [InlineData("{{ x = 1 }}", "notAllowed", 1, 4, "assign", null)]
    public void TryParse_Refused_SaysWhatAndWhere(string template, string code, int line, int column, string? subject, string? suggestion)
    {
        var problem = TemplateKit.Refuse(template)[0];
        Assert.Equal((code, line, column, subject, suggestion), (problem.Code, problem.Line, problem.Column, problem.Subject, problem.Suggestion));
        Assert.True(problem.Length > 0);
        Assert.NotEmpty(problem.Message);
        if (suggestion is not null) Assert.Contains($"Did you mean '{suggestion}'?", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_SeveralProblems_AreAllReported()
    {
        var problems = TemplateKit.Refuse("{{ contact.a }}\r\n{{ contact.name | b }}\r\n{{ 1 + 1 }}");
        Assert.Equal([("unknownName", 1), ("unknownFilter", 2), ("notAllowed", 3)], problems.Select(problem => (problem.Code, problem.Line)));
    }

    [Fact]
    public void TryParse_AfterASurrogatePair_CountsUtf16Units() => Assert.Equal(7, TemplateKit.Refuse("😀 {{ zz }}")[0].Column);

    [Fact]
    public void TryParse_ClosingOfAnUnknownName_CoversTheName()
    {
        var problem = TemplateKit.Refuse("{{ contact.zzzzzzzzzz | fallback \"x\" }}")[0];
        Assert.Equal((4, "contact.zzzzzzzzzz".Length), (problem.Column, problem.Length));
    }
}
