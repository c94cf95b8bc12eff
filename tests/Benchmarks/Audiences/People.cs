using System.Globalization;

namespace Broadcasts.Benchmarks.Audiences;

/// <summary>Makes a file of people: ten custom fields and three tags each, the same for the same seed and number.</summary>
internal static class People
{
    private static readonly string[] FirstNames = ["Ana", "Luis", "María José", "Zoë", "李", "Олег", "José", "Emma", "Noah", "Fátima", "Łukasz", "Ingrid"];
    private static readonly string[] LastNames = ["García", "Núñez", "O'Brien", "Müller", "de la Cruz", "Smith", "Иванова", "Öztürk", "Rossi", "Kowalska"];
    private static readonly string[] Countries = ["ES", "ES", "ES", "MX", "AR", "US", "DE", "FR"];
    private static readonly string[] Cities = ["Madrid", "Barcelona", "Sevilla", "Ciudad de México", "Buenos Aires", "New York", "Berlin", "Lyon", "Bilbao", "Valencia"];
    private static readonly string[] Plans = ["free", "basic", "plus", "pro"];

    /// <summary>The custom fields that are not texts: they exist before the file comes.</summary>
    public static IReadOnlyList<(string Name, string Type)> Typed { get; } = [("Score", "number"), ("Orders", "number"), ("Joined", "date"), ("Newsletter", "checkbox")];

    /// <summary>Writes one row per person.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">People.</param>
    /// <param name="seed">What every choice follows from.</param>
    public static async Task WriteAsync(string path, int count, int seed)
    {
        var random = new Random(seed);
        await using var file = new StreamWriter(path);
        await file.WriteLineAsync("email,phone,first_name,last_name,language,country,tags,City,Plan,Company,Street,Note,Source,Score,Orders,Joined,Newsletter");
        for (var i = 0; i < count; i++) await file.WriteLineAsync(Row(random, i));
    }

    private static string Row(Random random, int i)
    {
        var joined = new DateTime(2018, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(3000));
        return string.Create(CultureInfo.InvariantCulture,
            $"user{i}@example{random.Next(40)}.com,+346{i:D8},{Of(FirstNames)},{Of(LastNames)},{(random.Next(3) == 0 ? "en" : "es")},{Of(Countries)},\"group{random.Next(50)};wave{random.Next(500)};{(random.Next(20) == 0 ? "vip" : "all")}\",")
            + string.Create(CultureInfo.InvariantCulture,
            $"{Of(Cities)},{Of(Plans)},Company {random.Next(20_000)},\"Street {random.Next(300)}, {random.Next(90)}\",note {random.Next()},form {random.Next(12)},{random.Next(1000)},{random.Next(40)},{joined:yyyy-MM-dd},{(random.Next(2) == 0 ? "true" : "false")}");

        string Of(string[] values) => values[random.Next(values.Length)];
    }
}
