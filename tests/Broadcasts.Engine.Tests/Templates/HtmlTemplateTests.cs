using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class HtmlTemplateTests
{
    [Theory]
    [InlineData("<p>{{ contact.city }}</p>", "<b>&\"'", "<p>&lt;b&gt;&amp;&quot;&#x27;</p>")]
    [InlineData("<p title=\"{{ contact.city }}\">", "\" onclick=\"x", "<p title=\"&quot; onclick=&quot;x\">")]
    [InlineData("<p title='{{ contact.city }}'>", "' onclick='x", "<p title='&#x27; onclick=&#x27;x'>")]
    [InlineData("<p>{{ contact.city }} $contact.city</p>", "Ćevapi İstanbul 東京", "<p>Ćevapi İstanbul 東京 Ćevapi İstanbul 東京</p>")]
    [InlineData("<!-- {{ contact.city }} -->", "--><script>", "<!-- --&gt;&lt;script&gt; -->")]
    [InlineData("<title>{{ contact.city }}</title>", "</title><script>", "<title>&lt;/title&gt;&lt;script&gt;</title>")]
    [InlineData("{{ contact.nothing | fallback \"<b>\" }}", "x", "&lt;b&gt;")]
    [InlineData("1 < 2 {{ contact.city }}", "<i>", "1 < 2 &lt;i&gt;")]
    [InlineData("<script>if (a<b) {}</script>{{ contact.city }}", "<i>", "<script>if (a<b) {}</script>&lt;i&gt;")]
    [InlineData("<style>@media{a{b:c}}</style><p>{{ contact.city }}", "&", "<style>@media{a{b:c}}</style><p>&amp;")]
    [InlineData("<!doctype html><p>{{ contact.city }}", "&", "<!doctype html><p>&amp;")]
    [InlineData("<br/><img alt = \"{{ contact.city }}\" />", "&", "<br/><img alt = \"&amp;\" />")]
    // Addresses
    [InlineData("<a href=\"{{ contact.city }}\">", "https://a.example/?x=1&y=2", "<a href=\"https://a.example/?x=1&amp;y=2\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", " HTTP://a.example ", "<a href=\"HTTP://a.example\">")]
    [InlineData("<a href='{{ contact.city }}'>", "mailto:ana@example.com", "<a href='mailto:ana@example.com'>")]
    [InlineData("<a href=\"{{ contact.city }}\">", "tel:123", "<a href=\"tel:123\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", "javascript:alert(1)", "<a href=\"#\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", " \u0001JaVaScRiPt:alert(1)", "<a href=\"#\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", "java\nscript:alert(1)", "<a href=\"#\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", "data:text/html,x", "<a href=\"#\">")]
    [InlineData("<a href=\"{{ contact.city }}\">", "//evil.example", "<a href=\"#\">")]
    [InlineData("<a HREF = \"  {{ contact.city }}\">", "javascript:1", "<a HREF = \"  #\">")]
    [InlineData("<img src='{{ contact.city }}'>", "vbscript:1", "<img src='#'>")]
    [InlineData("<form action=\"{{ contact.city }}\">", "javascript:1", "<form action=\"#\">")]
    [InlineData("<a href=\"$contact.city\">", "javascript:1", "<a href=\"#\">")]
    [InlineData("<a href=\"https://a.example/?c={{ contact.city }}\">", "javascript:1&x", "<a href=\"https://a.example/?c=javascript:1&amp;x\">")]
    [InlineData("<a href=\"mailto:{{ contact.city }}\">", "a@b.example", "<a href=\"mailto:a@b.example\">")]
    [InlineData("<a href=\"java{{ contact.city }}\">", "script:alert(1)", "<a href=\"java#\">")]
    [InlineData("<a href=\"x{{ contact.city }}{{ contact.city }}\">", "a", "<a href=\"xaa\">")]
    [InlineData("<a href=\"{{ contact.city }}{{ contact.city }}\">", "javascript:", "<a href=\"#javascript:\">")]
    [InlineData("<a href=\"{{ if contact.vip }}https://a.example/{{ end }}{{ contact.city }}\">", "javascript:1", "<a href=\"https://a.example/#\">")]
    [InlineData("<a href=\"{{ if contact.vip }}https://a.example/{{ else }}http://b.example/{{ end }}{{ contact.city }}\">", "p", "<a href=\"https://a.example/p\">")]
    [InlineData("<a href=\"#\" title=\"{{ contact.city }}\">", "javascript:1", "<a href=\"#\" title=\"javascript:1\">")]
    [InlineData("<a{{ if contact.vip }} class=\"x\"{{ end }} href=\"{{ contact.city }}\">", "javascript:1", "<a class=\"x\" href=\"#\">")]
    public void Render_Html_IsSafeAtItsPlace(string template, string value, string expected)
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, value);
        Assert.Equal(expected, TemplateKit.Render(template, TemplateFormat.Html, values));
    }

    [Theory]
    [InlineData("<a href={{ contact.website }}>", "Put quotes")]
    [InlineData("<a href=x{{ contact.website }}>", "Put quotes")]
    [InlineData("<script>var a = \"{{ contact.name }}\";</script>", "inside <script>")]
    [InlineData("<SCRIPT src=\"x\">'</' {{ contact.name }}", "inside <script>")]
    [InlineData("<style>{{ contact.city }}</style>", "inside <style>")]
    [InlineData("<p onclick=\"a('{{ contact.name }}')\">", "it is code")]
    [InlineData("<p style=\"color: {{ contact.city }}\">", "'style'")]
    [InlineData("<iframe srcdoc=\"{{ contact.city }}\">", "'srcdoc'")]
    [InlineData("<p {{ contact.city }}>", "inside a tag")]
    [InlineData("<p {{ contact.city }}=\"x\">", "inside a tag")]
    [InlineData("<p x{{ contact.city }}=\"x\">", "inside a tag")]
    [InlineData("<{{ contact.city }}>", "inside a tag")]
    [InlineData("<h{{ contact.points }}>", "inside a tag")]
    [InlineData("</{{ contact.city }}>", "inside a tag")]
    [InlineData("<!doctype {{ contact.city }}>", "declaration")]
    [InlineData("<a href=\"javascript:f('{{ contact.name }}')\">", "runs code")]
    [InlineData("<a href=\" JavaScript:{{ contact.name }}\">", "runs code")]
    [InlineData("<p $contact.name>", "inside a tag")]
    [InlineData("<p on{{ if contact.vip }}click{{ end }}=\"{{ contact.name }}\">", "inside a tag")]
    [InlineData("{{ if contact.vip }}<a href=\"{{ end }}{{ contact.name }}", "branches")]
    [InlineData("<p title=\"{{ if contact.vip }}\">{{ else }}x{{ end }}{{ contact.name }}", "branches")]
    public void TryParse_PlaceThatNothingMakesSafe_IsRefused(string template, string message)
    {
        var problem = TemplateKit.Refuse(template, TemplateFormat.Html)[0];
        Assert.Equal(TemplateProblemCodes.UnsafePlace, problem.Code);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hello {{ contact.city }}!", "a\r\nBcc: all@example.com", "Hello a Bcc: all@example.com!")]
    [InlineData("Hello\r\n{{ contact.city }}\n!", "a\rb\nc\u2028d\u0085e\0f\tg", "Hello a b c d e f g !")]
    [InlineData("{{ \"a\\r\\nb\" }}<{{ contact.city }}>", "<b>&", "a b<<b>&>")]
    public void Render_Line_HasNoLineBreaks(string template, string value, string expected)
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, value);
        Assert.Equal(expected, TemplateKit.Render(template, TemplateFormat.Line, values));
    }

    [Fact]
    public void Render_Text_KeepsLineBreaksAndSigns()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, "<b>\r\n&\"");
        Assert.Equal("<b>\r\n&\"", TemplateKit.Render("{{ contact.city }}", values: values));
    }

    [Fact]
    public void Render_LongHtmlValue_IsEscapedWhole()
    {
        var values = TemplateKit.Ana();
        values.Set(TemplateSchema.FirstField, string.Concat(Enumerable.Repeat("<a>", 5_000)));
        Assert.Equal(string.Concat(Enumerable.Repeat("&lt;a&gt;", 5_000)), TemplateKit.Render("{{ contact.city }}", TemplateFormat.Html, values));
    }
}
