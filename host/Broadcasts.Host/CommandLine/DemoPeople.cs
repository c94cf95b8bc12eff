using System.Globalization;
using System.Text;

namespace Broadcasts.Host.CommandLine;

/// <summary>Sample people of several countries, as a CSV file: the same every time. Their addresses belong to nobody.</summary>
internal static class DemoPeople
{
    private static readonly string[] SpanishFirst =
    [
        "Lucía", "Martina", "Sofía", "Valentina", "Camila", "Paula", "Julia", "Daniela", "Carmen", "Elena", "Isabel", "Rocío", "Noelia", "Mariana", "Ximena",
        "Hugo", "Mateo", "Martín", "Lucas", "Leo", "Daniel", "Alejandro", "Pablo", "Álvaro", "Santiago", "Diego", "Andrés", "Javier", "Íñigo", "Joaquín",
    ];

    private static readonly string[] SpanishLast =
    [
        "García", "Rodríguez", "González", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Martín", "Jiménez", "Ruiz", "Hernández", "Díaz", "Moreno",
        "Muñoz", "Álvarez", "Romero", "Gutiérrez", "Navarro", "Torres", "Domínguez", "Vázquez", "Ramos", "Gil", "Ramírez", "Serrano", "Blanco", "Molina", "Ortega",
    ];

    private static readonly string[] EnglishFirst =
    [
        "Olivia", "Amelia", "Isla", "Ava", "Emily", "Grace", "Charlotte", "Sophie", "Hannah", "Chloe", "Ruby", "Alice", "Zoe", "Maeve", "Niamh",
        "Noah", "Oliver", "George", "Arthur", "James", "Henry", "William", "Jack", "Thomas", "Ethan", "Samuel", "Liam", "Finn", "Isaac", "Callum",
    ];

    private static readonly string[] EnglishLast =
    [
        "Smith", "Jones", "Williams", "Taylor", "Brown", "Davies", "Evans", "Wilson", "Thomas", "Johnson", "Roberts", "Walker", "Wright", "Thompson", "White",
        "Hughes", "Edwards", "Green", "Hall", "Wood", "Harris", "Clarke", "Jackson", "Turner", "Hill", "Scott", "Cooper", "Morris", "O'Brien", "Murphy",
    ];

    // Country, language, prefix of its mobile numbers, digits that follow, cities, zone.
    private static readonly Country[] Countries =
    [
        new("ES", true, "+346", 8, ["Madrid", "Sevilla", "Bilbao", "A Coruña"], "Europe/Madrid"),
        new("MX", true, "+5255", 8, ["Ciudad de México", "Puebla", "Mérida"], "America/Mexico_City"),
        new("CO", true, "+57310", 7, ["Bogotá", "Medellín", "Cali"], "America/Bogota"),
        new("AR", true, "+54911", 8, ["Buenos Aires", "Córdoba", "Rosario"], "America/Argentina/Buenos_Aires"),
        new("GB", false, "+4474", 8, ["London", "Leeds", "Bristol"], "Europe/London"),
        new("US", false, "+1415", 7, ["San Francisco", "Oakland"], "America/Los_Angeles"),
        new("IE", false, "+3538", 8, ["Dublin", "Cork", "Galway"], "Europe/Dublin"),
    ];

    public static byte[] WriteCsv(int count)
    {
        var random = new Random(20_26);
        var text = new StringBuilder(count * 120).Append("first_name,last_name,email,phone,language,country,time_zone,City,Customer since,tags\r\n");
        for (var i = 1; i <= count; i++)
        {
            var country = Countries[random.Next(Countries.Length)];
            var first = Pick(country.IsSpanish ? SpanishFirst : EnglishFirst);
            var last = Pick(country.IsSpanish ? SpanishLast : EnglishLast) + (country.IsSpanish ? " " + Pick(SpanishLast) : "");
            // Some people have no first name on record: that is what fallbacks are for.
            var shown = random.Next(50) == 0 ? "" : first;
            var since = new DateOnly(2015, 1, 1).AddDays(random.Next(4_000));
            var tags = i % 40 == 0 ? "vip;newsletter" : i % 3 == 0 ? "newsletter" : "";
            text.Append(CultureInfo.InvariantCulture,
                $"{shown},{last},{Plain(first)}.{Plain(last)}.{i}@example.{(country.IsSpanish ? "com" : "org")},{Phone(country, i, random)},{(country.IsSpanish ? "es" : "en")},{country.Code},{country.Zone},{Pick(country.Cities)},{since:yyyy-MM-dd},{tags}\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());

        string Pick(string[] from) => from[random.Next(from.Length)];
    }

    // The last digits count up: nobody has the number of somebody else.
    private static string Phone(Country country, int number, Random random)
    {
        var tail = number.ToString("D6", CultureInfo.InvariantCulture);
        var head = country.Digits - tail.Length;
        var filler = random.Next((int)Math.Pow(10, head - 1), (int)Math.Pow(10, head)).ToString(CultureInfo.InvariantCulture);
        return country.Prefix + filler + tail;
    }

    private static string Plain(string name) => new([.. name.Normalize(NormalizationForm.FormD).Where(char.IsAsciiLetter).Select(char.ToLowerInvariant)]);

    private sealed record Country(string Code, bool IsSpanish, string Prefix, int Digits, string[] Cities, string Zone);
}
