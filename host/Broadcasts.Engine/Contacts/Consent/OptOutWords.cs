using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Broadcasts.Contacts.Consent;

/// <summary>What a message from a contact asks for when it is one of these words and nothing else: no more messages, or messages again.</summary>
/// <remarks>
/// English: the words that 47 CFR 64.1200(a)(10) names, and CTIA's <c>stopall</c>, <c>unstop</c>, <c>start</c>. A word within a sentence asks for nothing: "stop by tomorrow" is an answer. Words are taken in
/// every language, whatever the contact's: people answer in the language of the message.
/// </remarks>
internal static class OptOutWords
{
    private const int Longest = 40;

    private static readonly FrozenSet<string> Stop = Set(
        "stop", "stop all", "stopall", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe", "remove", "remove me",
        "parar", "para", "alto", "baja", "dar de baja", "darme de baja", "baja por favor", "cancelar", "no mas", "no mas mensajes", "desuscribir", "fin",
        "arret", "arreter", "desabonner", "desinscrire",
        "stopp", "abmelden", "abbestellen", "abbrechen",
        "sair", "descadastrar", "descadastre", "remover", "pare",
        "basta", "annulla", "disiscrivi", "disiscrivimi", "cancellami", "ferma",
        "afmelden", "uitschrijven",
        "rezygnuje", "wypisz",
        "стоп", "отписаться", "отмена",
        "إيقاف", "توقف", "הסר", "停止", "退订", "取消订阅", "配信停止", "수신거부", "रोकें");

    private static readonly FrozenSet<string> Start = Set(
        "start", "unstop", "subscribe", "opt in", "optin", "resume",
        "alta", "darme de alta", "comenzar", "iniciar", "suscribir", "suscribirme", "reanudar",
        "reprendre", "abonner",
        "anmelden", "abonnieren",
        "voltar", "inscrever", "retomar",
        "iscrivi", "iscrivimi", "riprendi",
        "aanmelden", "inschrijven",
        "старт", "подписаться");

    /// <summary>What the text asks for; null when it is a message like any other.</summary>
    public static ConsentState? Read(string? text)
    {
        if (text is null || text.Length > Longest * 2) return null;
        var plain = Plain(text);
        return Stop.Contains(plain) ? ConsentState.Withdrawn : Start.Contains(plain) ? ConsentState.Granted : null;
    }

    private static FrozenSet<string> Set(params string[] words) => words.Select(Plain).ToFrozenSet(StringComparer.Ordinal);

    // "¡BAJA!", "Stop." and "arrêt" are what they say: letters and digits, lower case, without marks, one space between words.
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.Format) continue;
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpacingCombiningMark) plain.Append(Rune.ToLowerInvariant(rune));
            else if (plain.Length > 0 && plain[^1] != ' ') plain.Append(' ');
        }

        return plain.ToString().TrimEnd();
    }
}
