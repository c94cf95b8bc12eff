using Xunit;

namespace Broadcasts.Contacts.Consent;

public sealed class OptOutWordsTests
{
    [Theory]
    [InlineData("STOP")]
    [InlineData("  Stop. ")]
    [InlineData("stop all")]
    [InlineData("\"Unsubscribe\"")]
    [InlineData("¡BAJA!")]
    [InlineData("No más")]
    [InlineData("Arrêt")]
    [InlineData("abmelden")]
    [InlineData("СТОП")]
    [InlineData("停止")]
    [InlineData("STOP \U0001F6D1")]
    [InlineData("ｓｔｏｐ", false)] // full width letters are other letters
    [InlineData("opt-out")]
    public void Read_WordOfAnyLanguage_IsAnOptOut(string text, bool isOptOut = true) => Assert.Equal(isOptOut ? ConsentState.Withdrawn : null, OptOutWords.Read(text));

    [Theory]
    [InlineData("START")]
    [InlineData("Alta")]
    [InlineData("unstop!")]
    public void Read_WordOfReturn_IsAGrant(string text) => Assert.Equal(ConsentState.Granted, OptOutWords.Read(text));

    [Theory]
    [InlineData("Please don't stop")]
    [InlineData("stop by tomorrow")]
    [InlineData("I'd like to cancel my order")]
    [InlineData("bajada")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("🙂")]
    [InlineData(null)]
    public void Read_MessageLikeAnyOther_AsksForNothing(string? text) => Assert.Null(OptOutWords.Read(text));

    [Fact]
    public void Read_HugeText_IsNoWord() => Assert.Null(OptOutWords.Read(new string(' ', 1_000_000) + "stop"));
}
