using Broadcasts.Templates;
using Xunit;

namespace Broadcasts.Engine.Tests.Templates;

public sealed class SmsSegmentsTests
{
    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("a", 1, 1)]
    [InlineData("éñüàèìòùäöÑÇ¿¡ÅåøØßΔ€", 1, 22)]
    [InlineData("{}[]\\^~|€\f", 1, 20)]
    [InlineData("line\r\nbreak", 1, 11)]
    public void Count_Gsm7_CountsSeptets(string text, int parts, int units) =>
        Assert.Equal(new SmsSegmentCount(SmsEncoding.Gsm7, parts, units, -1), SmsSegments.Count(text));

    [Theory]
    [InlineData(160, 1)]
    [InlineData(161, 2)]
    [InlineData(306, 2)]
    [InlineData(307, 3)]
    public void Count_Gsm7Lengths_SplitsAt153(int length, int parts) => Assert.Equal(parts, SmsSegments.Count(new string('a', length)).Parts);

    [Theory]
    [InlineData(70, 1)]
    [InlineData(71, 2)]
    [InlineData(134, 2)]
    [InlineData(135, 3)]
    public void Count_Ucs2Lengths_SplitsAt67(int length, int parts) => Assert.Equal(parts, SmsSegments.Count(new string('á', length)).Parts);

    [Fact]
    public void Count_OneSpanishAccent_IsUcs2AndSaysWhere()
    {
        Assert.Equal(new SmsSegmentCount(SmsEncoding.Ucs2, 1, 10, 5), SmsSegments.Count("Adiósá fin"[..3] + "xxáxxxx"));
        Assert.Equal(SmsEncoding.Ucs2, SmsSegments.Count("Çç").Encoding);
        Assert.Equal(1, SmsSegments.Count("Çç").FirstOutsideGsm7);
    }

    [Fact]
    public void Count_EscapePairAtTheCut_MovesWhole()
    {
        // 152 + a pair: the pair would be cut at 153, so the first part ends at 152. 306 septets are no longer two parts.
        Assert.Equal(2, SmsSegments.Count(new string('a', 306)).Parts);
        var text = new string('a', 152) + "€" + new string('a', 152);
        Assert.Equal(new SmsSegmentCount(SmsEncoding.Gsm7, 3, 306, -1), SmsSegments.Count(text));
    }

    [Fact]
    public void Count_SurrogatePairAtTheCut_MovesWhole()
    {
        Assert.Equal(2, SmsSegments.Count(new string('á', 134)).Parts);
        Assert.Equal(new SmsSegmentCount(SmsEncoding.Ucs2, 3, 134, 0), SmsSegments.Count(new string('á', 66) + "😀" + new string('á', 66)));
        Assert.Equal(new SmsSegmentCount(SmsEncoding.Ucs2, 1, 70, 0), SmsSegments.Count(string.Concat(Enumerable.Repeat("😀", 35))));
        Assert.Equal(2, SmsSegments.Count(string.Concat(Enumerable.Repeat("😀", 36))).Parts);
    }

    [Fact]
    public void Count_HalfAPair_CountsOneUnit() => Assert.Equal(new SmsSegmentCount(SmsEncoding.Ucs2, 1, 2, 0), SmsSegments.Count("\uD83Da"));
}
