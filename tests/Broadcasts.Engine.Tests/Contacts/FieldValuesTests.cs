using Xunit;

namespace Broadcasts.Contacts;

public sealed class FieldValuesTests
{
    [Theory]
    [InlineData("Number", "1234.50", "1234.5")]
    [InlineData("Number", "3,5", "3.5")]
    [InlineData("Number", "-0", "0")]
    [InlineData("Checkbox", "Sí", "true")]
    [InlineData("Checkbox", "0", "false")]
    [InlineData("Date", "2026-1-5", "2026-01-05")]
    [InlineData("Date", "2026-11-22T10:00:00Z", "2026-11-22")]
    [InlineData("Date", "22/11/2026", "2026-11-22")]
    [InlineData("Date", "11/22/2026", "2026-11-22")]
    [InlineData("Date", "05.11.2026", "2026-11-05")]
    [InlineData("Time", "5:30 pm", "17:30")]
    [InlineData("Url", "www.example.com/a", "https://www.example.com/a")]
    [InlineData("Email", "Ana@Example.com", "ana@example.com")]
    [InlineData("List", "gold", "Gold")]
    [InlineData("ListMulti", "silver; GOLD|gold", "Gold, Silver")]
    [InlineData("ListMulti", "Gold", "Gold")]
    public void TryNormalize_GoodValue_GivesStoredText(string type, string text, string expected)
    {
        Assert.True(FieldValues.TryNormalize(Field(type), text, out var value, out var refusal), refusal?.Message);
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("Number", "1,234", "ambiguousNumber")]
    [InlineData("Number", "twelve", "notANumber")]
    [InlineData("Checkbox", "maybe", "notACheckbox")]
    [InlineData("Date", "05/11/2026", "ambiguousDate")]
    [InlineData("Date", "31/02/2026", "notADate")]
    [InlineData("Date", "soon", "notADate")]
    [InlineData("Time", "25:00", "notATimeOfDay")]
    [InlineData("Url", "javascript:alert(1)", "notAUrl")]
    [InlineData("List", "Bronze", "notInList")]
    [InlineData("ListMulti", "Gold, Bronze", "notInList")]
    public void TryNormalize_BadValue_SaysWhy(string type, string text, string code)
    {
        Assert.False(FieldValues.TryNormalize(Field(type), text, out _, out var refusal));
        Assert.Equal(code, refusal!.Code);
    }

    private static ContactField Field(string type) => new(1, "f", "F", Enum.Parse<FieldType>(type), type.StartsWith("List", StringComparison.Ordinal) ? ["Gold", "Silver"] : []);
}
