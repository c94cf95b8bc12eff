using System.Diagnostics;
using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

/// <summary>Templates that loop for ever, nest without end, grow without end or reach for what is not theirs: refused, at once.</summary>
public sealed class HostileTemplateTests
{
    // A run takes a few milliseconds; the rest is for a busy machine and the first compilation.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string> Refused { get; } = new()
    {
        // Without end
        { "while", "{{ while true }}x{{ end }}" },
        { "for", "{{ for i in 1..1000000000 }}x{{ end }}" },
        { "for nested", "{{ for i in 1..99999 }}{{ for j in 1..99999 }}x{{ end }}{{ end }}" },
        { "tablerow", "{{ tablerow i in 1..1000000 }}x{{ end }}" },
        { "for over a value", "{{ for c in contact.name }}{{ c }}{{ end }}" },
        { "recursive function", "{{ func f(x) }}{{ f x }}{{ end }}{{ f 1 }}" },
        { "inline function", "{{ f(x) = f(x) }}{{ f 1 }}" },
        { "lambda", "{{ do; ret 1; end }}" },
        { "include", "{{ include 'x' }}" },
        { "include_join", "{{ include_join ['a'] ',' }}" },
        { "capture", "{{ capture x }}{{ x }}{{ end }}" },
        { "wrap", "{{ wrap x }}y{{ end }}" },
        { "with", "{{ with contact }}{{ name }}{{ end }}" },
        { "import", "{{ import contact }}" },
        { "readonly", "{{ readonly contact }}" },
        { "ret", "{{ ret contact.name }}" },
        { "break", "{{ break }}" },
        { "case", "{{ case contact.city }}{{ when 'a' }}x{{ end }}" },

        // Growth
        { "range", "{{ 1..2000000000 }}" },
        { "range to array", "{{ (1..2000000000) | array.size }}" },
        { "string times", "{{ 'xxxxxxxxxx' * 100000000 }}" },
        { "string plus", "{{ contact.name + contact.name }}" },
        { "padding", "{{ 'x' | string.pad_left 2000000000 }}" },
        { "power of integers", "{{ 9 << 2000000000 }}" },
        { "huge integer", "{{ " + new string('9', 60_000) + " }}" },
        { "huge float", "{{ 1e308 }}" },
        { "array", "{{ [1, 2, 3] }}" },
        { "object", "{{ {a: 1} }}" },
        { "precision", "{{ contact.points | number 'N999999999' }}" },
        { "long date format", "{{ now | date '" + new string('d', 1000) + "' }}" },
        { "interpolation", "{{ $\"{contact.name}{contact.name}\" }}" },

        // Reaching out
        { "eval", "{{ object.eval '1 + 1' }}" },
        { "eval pipe", "{{ '{{ while true }}' | object.eval_template }}" },
        { "regex", "{{ contact.name | regex.replace '(a+)+$' '' }}" },
        { "date builtin", "{{ date.now }}" },
        { "type of a value", "{{ contact.name.length }}" },
        { "indexer", "{{ contact['name'] }}" },
        { "indexer of a text", "{{ contact.name[0] }}" },
        { "this", "{{ this }}" },
        { "this member", "{{ this.contact }}" },
        { "arguments", "{{ $ }} {{ $0 }} {{ $$ }}" },
        { "assignment", "{{ contact.name = 'x' }}" },
        { "compound assignment", "{{ x += 1 }}" },
        { "increment", "{{ x++ }}" },
        { "function reference", "{{ @contact.name }}" },
        { "method call", "{{ contact.name.to_upper() }}" },
        { "parent", "{{ contact.parent.parent }}" },
        { "GetType", "{{ contact.GetType }}" },
        { "loop variable", "{{ for.index }}" },
        { "regular builtins", "{{ contact.name | html.escape }}" },
        { "math", "{{ 1 / 0 }}" },
        { "raw html", "{{ contact.name | html_raw }}" },
        { "front matter", "{{ +++ }}" },

        // Nesting
        { "parentheses", Of("{{ ", "(", 60_000) },
        { "closed parentheses", "{{ " + Times("(", 30_000) + "1" + Times(")", 30_000) + " }}" },
        { "brackets", Of("{{ ", "[", 60_000) },
        { "braces", Of("{{ ", "{a:", 20_000) },
        { "nots", "{{ " + Times("!", 60_000) + "1 }}" },
        { "not words", "{{ " + Times("not ", 15_000) + "1 }}" },
        { "minuses", "{{ " + Times("-", 60_000) + "1 }}" },
        { "sum", "{{ 1" + Times("+1", 30_000) + " }}" },
        { "and chain", "{{ 1" + Times("&&1", 20_000) + " }}" },
        { "coalescing chain", "{{ 1" + Times("??1", 20_000) + " }}" },
        { "choices", "{{ " + Times("1?1:", 15_000) + "1 }}" },
        { "members", "{{ contact" + Times(".a", 30_000) + " }}" },
        { "filters", "{{ 1" + Times("|upcase", 9_000) + " }}" },
        { "arguments of a filter", "{{ 1 | fallback" + Times(" 1", 30_000) + " }}" },
        { "side by side", "{{ contact.name" + Times(" a", 30_000) + " }}" },
        { "ifs", Times("{{if 1}}", 8_000) },
        { "closed ifs", Times("{{if 1}}", 4_000) + Times("{{end}}", 4_000) },
        { "ifs in one tag", "{{" + Times("if 1;", 13_000) + "}}" },
        { "else ifs", "{{if 1}}" + Times("{{else if 1}}", 5_000) + "{{end}}" },
        { "else if", "{{" + Times("if 1;else;", 6_000) + "}}" },
        { "functions", "{{" + Times("func a;", 9_000) + "}}" },
        { "nested interpolation", "{{" + Times("$\"{", 20_000) + "}}" },
        { "open tags", Times("{{ ", 20_000) },
        { "open escapes", Times("{%{", 20_000) },
        { "open comments", "{{" + Times("##", 30_000) },
        { "open quotes", "{{ " + Times("\"'", 30_000) + " }}" },

        // Mass
        { "tags", Times("{{ 1 }}", 9_000) },
        { "statements in one tag", "{{" + Times("1;", 30_000) + "}}" },
        { "unknown names", Times("{{aa}}", 10_000) },
        { "a long unknown name", "{{ " + new string('a', 60_000) + " }}" },
        { "unknown dollar names", Times("$contact.a ", 5_900) },
        { "too long", new string('x', 64 * 1024 + 1) },
        { "far too long", new string('{', 50_000_000) },
        { "zeros", "{{ \0\0\0 }}" },
        { "half a pair", "{{ \uD83D }}" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void TryParse_Hostile_IsRefusedQuickly(string name, string template)
    {
        var watch = Stopwatch.StartNew();
        var problems = TemplateKit.Refuse(template);
        Assert.True(watch.Elapsed < Patience, $"{name} took {watch.Elapsed}");
        Assert.InRange(problems.Count, 1, 20);
        Assert.All(problems, problem => Assert.InRange(problem.Message.Length, 1, 500));
        Assert.All(problems, problem => Assert.True(problem.Line >= 1 && problem.Column >= 1));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Normalise_Hostile_NeverThrows(string name, string template)
    {
        var watch = Stopwatch.StartNew();
        Assert.NotNull(MessageTemplate.Normalise(template));
        Assert.True(watch.Elapsed < Patience, $"{name} took {watch.Elapsed}");
    }

    [Fact]
    public void TryParse_Hostile_NeedsLittleStack()
    {
        // A stack overflow can't be caught: it would take the whole process. A quarter of the default must be plenty.
        Exception? fault = null;
        var thread = new Thread(() => fault = Record.Exception(() =>
        {
            foreach (var row in Refused) TemplateKit.Refuse(row.Data.Item2, TemplateFormat.Html);
        }), 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(fault);
    }

    [Fact]
    public void TryParse_RandomRubbish_NeverThrowsAndNeverHangs()
    {
        string[] pieces =
        [
            "{{", "}}", "{{-", "~}}", "{%{", "}%}", " ", "\n", "contact", ".", "name", "city", "|", "fallback", "\"", "'", "x", "(", ")", "if", "else", "end", ";",
            "==", "&&", "not", "and", "$", "$contact.name", "#", "##", "<a href=\"", "\">", "<script>", "<!--", "-->", "1", "-", "..", "[", "]", "{", "}", "\\", "`",
            "date", "\"d\"", "?", ":", "??", "!", "@", "for", "in", "\0", "😀", "\uDC00", ",", "=", "null", "true",
        ];
        var random = new Random(20261122);
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < 20_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 25)).Select(_ => pieces[random.Next(pieces.Length)]));
            var format = (TemplateFormat)random.Next(3);
            if (MessageTemplate.TryParse(text, format, TemplateKit.Schema, out var template, out var problems)) template.Render(TemplateKit.Ana());
            else Assert.NotEmpty(problems);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
    }

    private static string Times(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string Of(string start, string text, int count) => start + Times(text, count);
}
