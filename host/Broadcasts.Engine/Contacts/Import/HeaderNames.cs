using System.Globalization;
using System.Text;

namespace Broadcasts.Contacts.Import;

internal enum ColumnKind
{
    /// <summary>Left out.</summary>
    Ignore,
    FirstName,
    LastName,

    /// <summary>First and last name in one value.</summary>
    FullName,
    Language,
    Country,
    TimeZone,
    Tags,
    Address,
    Field,
}

/// <summary>What a column is.</summary>
internal readonly record struct ColumnTarget(ColumnKind Kind, AddressKind Address = 0);

/// <summary>The names under which people and programs export contacts, in English and Spanish.</summary>
internal static class HeaderNames
{
    private static readonly char[] Digits = [.. "0123456789"];

    private static readonly Dictionary<string, ColumnTarget> Known = Build();

    /// <summary>What a header says; null when it names nothing that every contact has.</summary>
    /// <remarks>A number behind the name of an address makes it one more of them: "Phone 2", "email_3".</remarks>
    public static ColumnTarget? Find(string header)
    {
        var folded = Fold(header);
        if (Known.TryGetValue(folded, out var target)) return target;
        return Known.TryGetValue(folded.TrimEnd(Digits), out var numbered) && numbered.Kind == ColumnKind.Address ? numbered : null;
    }

    /// <summary>Lower case, accents stripped, nothing but letters and digits: "Correo electrónico" → "correoelectronico".</summary>
    public static string Fold(string header)
    {
        var folded = new StringBuilder(header.Length);
        string letters;
        try
        {
            letters = header.Normalize(NormalizationForm.FormKD);
        }
        catch (ArgumentException)
        {
            letters = header;
        }

        foreach (var c in letters)
            if (char.IsLetterOrDigit(c) && CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark) folded.Append(char.ToLowerInvariant(c));
        return folded.ToString();
    }

    private static Dictionary<string, ColumnTarget> Build()
    {
        var names = new Dictionary<string, ColumnTarget>(StringComparer.Ordinal);
        Add(new ColumnTarget(ColumnKind.FirstName), "first name", "firstname", "given name", "forename", "fname", "nombre", "nombres", "nombre de pila", "primer nombre", "contact first name");
        Add(new ColumnTarget(ColumnKind.LastName), "last name", "lastname", "surname", "family name", "second name", "lname", "apellido", "apellidos", "primer apellido", "contact last name");
        Add(new ColumnTarget(ColumnKind.FullName), "name", "full name", "fullname", "contact name", "display name", "customer name", "nombre completo", "nombre y apellidos", "nombre y apellido",
            "apellidos y nombre", "nombre del cliente", "nombre de contacto", "contacto");
        Add(new ColumnTarget(ColumnKind.Language), "language", "lang", "preferred language", "locale", "idioma", "lengua", "idioma preferido");
        Add(new ColumnTarget(ColumnKind.Country), "country", "country code", "country name", "país", "pais", "código de país", "codigo pais", "nación");
        Add(new ColumnTarget(ColumnKind.TimeZone), "time zone", "timezone", "tz", "iana time zone", "zona horaria", "huso horario");
        Add(new ColumnTarget(ColumnKind.Tags), "tags", "tag", "labels", "label", "groups", "etiquetas", "etiqueta", "grupos");
        AddAddress(AddressKind.Email, "email", "e-mail", "mail", "email address", "e-mail address", "mail address", "primary email", "work email", "contact email", "correo", "correo electrónico",
            "correo-e", "dirección de correo", "dirección de correo electrónico", "dirección de email", "email 1", "e-mail 1", "email 1 value", "e-mail 1 value", "correos", "email principal");
        AddAddress(AddressKind.Phone, "phone", "phone number", "telephone", "telephone number", "tel", "telf", "tlf", "tfno", "tel no", "mobile", "mobile phone", "mobile number", "cell", "cell phone",
            "cellphone", "cell number", "msisdn", "sms", "phone 1", "phone 1 value", "primary phone", "teléfono", "teléfono móvil", "número de teléfono", "número de móvil", "núm. de teléfono",
            "nº de teléfono", "nº teléfono", "num telefono", "numero telefono", "móvil", "celular", "teléfono celular", "número celular", "número de celular", "teléfono 1", "telefono principal");
        AddAddress(AddressKind.WhatsApp, "whatsapp", "whatsapp number", "whatsapp id", "wa id", "número de whatsapp", "numero whatsapp", "wsp");
        AddAddress(AddressKind.Telegram, "telegram", "telegram id", "telegram chat id", "id de telegram", "chat de telegram");
        AddAddress(AddressKind.Messenger, "messenger", "messenger id", "facebook messenger", "facebook messenger id", "psid", "id de messenger");
        AddAddress(AddressKind.Instagram, "instagram", "instagram id", "igsid", "id de instagram");
        AddAddress(AddressKind.WebChat, "webchat", "web chat", "webchat id", "web chat id", "chat web");
        return names;

        void Add(ColumnTarget target, params ReadOnlySpan<string> spellings)
        {
            foreach (var spelling in spellings) names.TryAdd(Fold(spelling), target);
        }

        void AddAddress(AddressKind kind, params ReadOnlySpan<string> spellings) => Add(new ColumnTarget(ColumnKind.Address, kind), spellings);
    }
}
