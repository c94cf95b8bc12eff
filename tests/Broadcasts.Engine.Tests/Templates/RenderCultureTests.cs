using System.Globalization;
using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class RenderCultureTests
{
    [Theory]
    [InlineData("es", null, "es")]
    [InlineData("es", "MX", "es-MX")]
    [InlineData(" ES ", " mx ", "es-MX")]
    [InlineData("es-AR", "MX", "es-AR")]
    [InlineData("pt_BR", null, "pt-BR")]
    [InlineData("es", "Atlantis", "es")]
    [InlineData("es-XYZ", null, "es")]
    [InlineData("Spanish", "ES", "en")]
    [InlineData(null, "ES", "en")]
    [InlineData("", "", "en")]
    [InlineData("-", "-", "en")]
    [InlineData("../../etc/passwd", "\0", "en")]
    public void Of_WhateverAContactHolds_IsAKnownCulture(string? language, string? country, string expected) =>
        Assert.Equal(expected, RenderCulture.Of(language, country).Name);

    [Fact]
    public void Of_UnknownLanguage_GivesTheFallback() =>
        Assert.Equal("fr", RenderCulture.Of("klingon", fallback: CultureInfo.GetCultureInfo("fr")).Name);
}
