using Xunit;

namespace Broadcasts.Contacts;

public sealed class AddressNormalizerTests
{
    [Theory]
    [InlineData("Ana@Example.COM", "ana@example.com")]
    [InlineData(" \u00A0ana@example.com\u200B", "ana@example.com")]
    [InlineData("Ana López <ana@example.com>", "ana@example.com")]
    [InlineData("mailto:ana@example.com", "ana@example.com")]
    [InlineData("ana@müller.de", "ana@xn--mller-kva.de")]
    [InlineData("o'neil+news@sub.example.co.uk", "o'neil+news@sub.example.co.uk")]
    public void TryNormalize_GoodEmail_GivesIdentity(string text, string expected)
    {
        Assert.True(AddressNormalizer.TryNormalize(AddressKind.Email, text, null, out var value, out _));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("", "blank")]
    [InlineData("ana.example.com", "noAt")]
    [InlineData("@example.com", "noLocalPart")]
    [InlineData("ana@", "noDomain")]
    [InlineData("ana@localhost", "noTopLevel")]
    [InlineData("ana@127.0.0.1", "noTopLevel")]
    [InlineData("ana@b@example.com", "severalAddresses")]
    [InlineData("ana@example.com, b@example.com", "severalAddresses")]
    [InlineData("ana lopez@example.com", "blankInside")]
    [InlineData("ana..b@example.com", "dots")]
    [InlineData("ana@example..com", "dots")]
    [InlineData("ana@-example.com", "domain")]
    [InlineData("ana(b)@example.com", "character")]
    [InlineData("ana@exa_mple.com", "character")]
    [InlineData("ana\0@example.com", "character")]
    public void TryNormalize_BadEmail_SaysWhy(string text, string code)
    {
        Assert.False(AddressNormalizer.TryNormalize(AddressKind.Email, text, null, out _, out var refusal));
        Assert.Equal(code, refusal!.Code);
    }

    [Fact]
    public void TryNormalize_EmailLongerThanAnyMailbox_IsRefused()
    {
        Assert.False(AddressNormalizer.TryNormalize(AddressKind.Email, new string('a', 65) + "@example.com", null, out _, out var local));
        Assert.Equal("valueTooLong", local!.Code);
        Assert.False(AddressNormalizer.TryNormalize(AddressKind.Email, "a@" + string.Concat(Enumerable.Repeat(new string('b', 60) + ".", 5)) + "com", null, out _, out var whole));
        Assert.Equal("valueTooLong", whole!.Code);
    }

    [Theory]
    [InlineData("+34 612 345 678", null, "+34612345678")]
    [InlineData("0034612345678", null, "+34612345678")]
    [InlineData("612 34 56 78", "ES", "+34612345678")]
    [InlineData("(212) 555-0123", "us", "+12125550123")]
    [InlineData("tel:+34612345678", null, "+34612345678")]
    [InlineData("+44 (0)20 7946 0018", null, "+442079460018")]
    public void TryNormalize_GoodPhone_GivesE164(string text, string? country, string expected)
    {
        Assert.True(AddressNormalizer.TryNormalize(AddressKind.Phone, text, country, out var value, out _));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("612345678", null, "noCountryCode")]
    [InlineData("+34 12", null, "tooFewDigits")]
    [InlineData("+34 612 345 678 901 234 567", null, "tooManyDigits")]
    [InlineData("abc", "ES", "notAPhone")]
    [InlineData("1.23E+11", "ES", "spreadsheet")]
    [InlineData("3,46123E+10", "ES", "spreadsheet")]
    [InlineData("+999 123 456 789", null, "countryCode")]
    [InlineData("+34 612 345 678 ext. 5", null, "extension")]
    public void TryNormalize_BadPhone_SaysWhy(string text, string? country, string code)
    {
        Assert.False(AddressNormalizer.TryNormalize(AddressKind.Phone, text, country, out _, out var refusal));
        Assert.Equal(code, refusal!.Code);
    }

    [Theory]
    [InlineData(AddressKind.WhatsApp, "+34 612 345 678", null, "34612345678")]
    [InlineData(AddressKind.WhatsApp, "34612345678", null, "34612345678")]
    [InlineData(AddressKind.WhatsApp, "612345678", "ES", "34612345678")]
    [InlineData(AddressKind.WhatsApp, "5215512345678", null, "525512345678")]
    [InlineData(AddressKind.WhatsApp, "+52 55 1234 5678", null, "525512345678")]
    [InlineData(AddressKind.WhatsApp, "5491123456789", null, "541123456789")]
    [InlineData(AddressKind.WhatsApp, "5493511234567", null, "543511234567")]
    [InlineData(AddressKind.WhatsApp, "5511987654321", null, "5511987654321")]
    [InlineData(AddressKind.WhatsApp, "ES.7412589632", null, "ES.7412589632")]
    [InlineData(AddressKind.Telegram, " -100123 ", null, "-100123")]
    [InlineData(AddressKind.WebChat, "AbC", null, "AbC")]
    public void TryNormalize_Ids_KeepTheirForm(AddressKind kind, string text, string? country, string expected)
    {
        Assert.True(AddressNormalizer.TryNormalize(kind, text, country, out var value, out _));
        Assert.Equal(expected, value);
    }
}
