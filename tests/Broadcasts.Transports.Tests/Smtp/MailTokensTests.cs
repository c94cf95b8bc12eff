using Broadcasts.Transports.Smtp;
using Xunit;

namespace Broadcasts.Transports;

public sealed class MailTokensTests
{
    private static readonly MailTokens Tokens = new("a key of some length");

    [Theory]
    [InlineData("a1b2c3d4-17")]
    [InlineData("a1b2c3d4-9223372036854775807")]
    [InlineData("test-0123456789abcdef0123456789abcdef")]
    [InlineData("Upper Case")]
    [InlineData("x_17")]
    [InlineData("señal/7")]
    [InlineData("-")]
    public void Read_OurToken_GivesTheIdInAnyCase(string id)
    {
        Assert.Equal(new NamedMessage(id, null), Tokens.Read(TokenUse.Bounce, Tokens.ForBounce(id)));
        Assert.Equal(new NamedMessage(id, null), Tokens.Read(TokenUse.Bounce, Tokens.ForBounce(id).ToUpperInvariant()));
        Assert.Equal(id, Tokens.Read(TokenUse.MessageId, Tokens.ForMessageId(id, "a@b.org"))!.Id);
        Assert.Matches("^[a-z0-9_-]+$", Tokens.ForBounce(id) + Tokens.ForUnsubscribe(id, "a@b.org"));
    }

    [Fact]
    public void Read_OneCharacterChanged_GivesNothing()
    {
        var token = Tokens.ForBounce("a1b2c3d4-17");
        Assert.All(Enumerable.Range(0, token.Length), i => Assert.Null(Tokens.Read(TokenUse.Bounce, token[..i] + (token[i] == '7' ? '6' : '7') + token[(i + 1)..])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("17")]
    [InlineData("a1b2c3d4-17-aaaaaaaaaaaaaaaa")]
    [InlineData("a1b2c3d4-17-")]
    [InlineData("x_!!-aaaaaaaaaaaaaaaa")]
    public void Read_Invented_GivesNothing(string token) => Assert.All(Enum.GetValues<TokenUse>(), use => Assert.Null(Tokens.Read(use, token)));

    [Fact]
    public void Read_MadeForAnotherUseOrByAnotherKey_GivesNothing()
    {
        Assert.Null(Tokens.Read(TokenUse.MessageId, Tokens.ForBounce("17")));
        Assert.Null(Tokens.Read(TokenUse.Unsubscribe, Tokens.ForMessageId("17", "a@b.org")));
        Assert.Null(new MailTokens("another key").Read(TokenUse.Bounce, Tokens.ForBounce("17")));
    }

    [Fact]
    public void WasSentTo_TheAddressOrAnother_IsToldApart()
    {
        var message = Tokens.Read(TokenUse.MessageId, Tokens.ForMessageId("17", "Ana@Example.org"))!;

        Assert.True(Tokens.WasSentTo(message, "ana@example.org"));
        Assert.False(Tokens.WasSentTo(message, "eva@example.org"));
        Assert.False(Tokens.WasSentTo(Tokens.Read(TokenUse.Bounce, Tokens.ForBounce("17"))!, "ana@example.org"));
    }
}
