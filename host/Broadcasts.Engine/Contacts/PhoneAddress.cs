using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using PhoneNumbers;

namespace Broadcasts.Contacts;

/// <summary>Telephone numbers in E.164 form.</summary>
/// <remarks>
/// A number must be possible (its length fits its country), not known to be assigned: number plans change faster than any table, and the
/// provider says for certain. Refusing a real person would be the worse mistake.
/// </remarks>
internal static partial class PhoneAddress
{
    private static readonly PhoneNumberUtil Util = PhoneNumberUtil.GetInstance();

    // A copy of our own: the library makes a new set for every question.
    private static readonly FrozenSet<string> Regions = Util.GetSupportedRegions().ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789+-().\u00A0 /");

    /// <summary>True when nothing but digits and what people write between them is there.</summary>
    public static bool LooksLikeNumber(string text) => text.AsSpan().IndexOfAnyExcept(NumberCharacters) < 0 && text.Any(char.IsAsciiDigit);

    /// <summary>True for an ISO code whose national numbers are understood.</summary>
    public static bool IsCountry(string code) => Regions.Contains(code);

    public static bool TryNormalize(string text, string? defaultCountry, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        value = null;
        if (Scientific().IsMatch(text))
        {
            refusal = new ValueRefusal("spreadsheet", "A spreadsheet shortened this number and its last digits are lost: format the column as text and export it again.");
            return false;
        }

        if (text.StartsWith("tel:", StringComparison.OrdinalIgnoreCase)) text = text["tel:".Length..];
        // 00 is how most of the world dials the plus sign.
        if (text.StartsWith("00", StringComparison.Ordinal) && defaultCountry is null) text = "+" + text[2..];
        try
        {
            var number = Util.Parse(text, defaultCountry?.ToUpperInvariant());
            refusal = number.HasExtension
                ? new ValueRefusal("extension", "Messages can't go to an extension: give the number alone.")
                : Length(Util.IsPossibleNumberWithReason(number));
            if (refusal is null) value = Util.Format(number, PhoneNumberFormat.E164);
        }
        catch (NumberParseException e)
        {
            refusal = Parse(e.ErrorType, isNational: defaultCountry is null && !text.StartsWith('+'));
        }

        return value is not null;
    }

    private static ValueRefusal? Length(PhoneNumberUtil.ValidationResult result) => result switch
    {
        PhoneNumberUtil.ValidationResult.IS_POSSIBLE => null,
        PhoneNumberUtil.ValidationResult.TOO_SHORT or PhoneNumberUtil.ValidationResult.IS_POSSIBLE_LOCAL_ONLY =>
            new ValueRefusal("tooFewDigits", "The telephone number has too few digits for its country."),
        PhoneNumberUtil.ValidationResult.TOO_LONG => new ValueRefusal("tooManyDigits", "The telephone number has too many digits for its country."),
        PhoneNumberUtil.ValidationResult.INVALID_COUNTRY_CODE => new ValueRefusal("countryCode", "No country has this country code."),
        _ => new ValueRefusal("length", "No telephone number of its country has so many digits."),
    };

    private static ValueRefusal Parse(ErrorType error, bool isNational) => error switch
    {
        ErrorType.INVALID_COUNTRY_CODE when isNational =>
            new ValueRefusal("noCountryCode", "The number has no country code: write it as +34 612 345 678, or choose a default country."),
        ErrorType.INVALID_COUNTRY_CODE => new ValueRefusal("countryCode", "No country has this country code."),
        ErrorType.TOO_SHORT_AFTER_IDD or ErrorType.TOO_SHORT_NSN => new ValueRefusal("tooFewDigits", "The telephone number has too few digits for its country."),
        ErrorType.TOO_LONG => new ValueRefusal("tooManyDigits", "The telephone number has too many digits for its country."),
        _ => new ValueRefusal("notAPhone", "This is no telephone number."),
    };

    [GeneratedRegex(@"^\d([.,]\d+)?[eE]\+?\d+$")]
    private static partial Regex Scientific();
}
