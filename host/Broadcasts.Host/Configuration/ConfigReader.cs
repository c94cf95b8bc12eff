using Microsoft.Extensions.Hosting.WindowsServices;

namespace Broadcasts.Host.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
internal sealed record ConfigFault(string Key, string Message)
{
    public override string ToString() => $"{Key}: {Message}";
}

/// <summary>Reads all settings and finds everything that is wrong with them, not just the first.</summary>
internal static class ConfigReader
{
    /// <summary>The settings file beside the executable, then <c>Broadcasts__…</c> in the environment.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON.</exception>
    public static IConfigurationRoot Load() => new ConfigurationBuilder()
        .SetBasePath(AppContext.BaseDirectory)
        .AddJsonFile("appsettings.json", optional: true, reloadOnChange: false)
        .AddEnvironmentVariables()
        .Build();

    /// <summary>The options, and every fault.</summary>
    /// <param name="configuration">Where from.</param>
    /// <param name="dataDirectory">What the command line says of the data directory; null when it says nothing.</param>
    /// <param name="urls">What the command line says of the addresses.</param>
    public static (ServiceOptions Options, IReadOnlyList<ConfigFault> Faults) Read(IConfiguration configuration, string? dataDirectory = null, string? urls = null)
    {
        var options = new ServiceOptions();
        var faults = new List<ConfigFault>();
        var section = configuration.GetSection(ConfigKeys.Section);
        options.Engine.DataDirectory = DefaultDataDirectory();
        options.Engine.HostDirectory = DefaultHostDirectory();
        foreach (var key in ConfigKeys.All)
        {
            var text = key.Name switch
            {
                "DataDirectory" when dataDirectory is not null => dataDirectory,
                "Urls" when urls is not null => urls,
                _ => section[key.Name],
            };
            if (string.IsNullOrWhiteSpace(text)) continue;
            if (key.Apply(text, options) is { } problem) faults.Add(new ConfigFault(key.Path, problem));
        }

        options.Engine.DataDirectory = Path.GetFullPath(options.Engine.DataDirectory);
        AddUnknown(section, faults);
        AddContradictions(options, section, faults);
        AddLogLevels(configuration, faults);
        return (options, faults);
    }

    private static string DefaultDataDirectory()
    {
        // systemd may name several, separated by colons; ours is the first.
        if (Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } state) return state.Split(':')[0];
        return WindowsServiceHelpers.IsWindowsService()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "Broadcasts")
            : "data";
    }

    // A service account may have no home: then only a copy elsewhere is noticed, not an older state in the same place.
    private static string? DefaultHostDirectory() =>
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } folder ? Path.Combine(folder, "broadcasts", "hosts") : null;

    private static void AddUnknown(IConfigurationSection section, List<ConfigFault> faults)
    {
        foreach (var leaf in LeavesOf(section))
        {
            var name = leaf.Path[(ConfigKeys.Section.Length + 1)..];
            if (ConfigKeys.All.Any(k => k.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) continue;
            var nearest = ConfigKeys.All.MinBy(k => Distance(k.Name.ToUpperInvariant(), name.ToUpperInvariant()))!;
            var isNear = Distance(nearest.Name.ToUpperInvariant(), name.ToUpperInvariant()) <= Math.Max(3, name.Length / 2);
            faults.Add(new ConfigFault(leaf.Path, "There is no such setting." + (isNear ? $" Did you mean {nearest.Path}?" : $" Settings: {string.Join(", ", ConfigKeys.All.Select(k => k.Name))}.")));
        }
    }

    private static IEnumerable<IConfigurationSection> LeavesOf(IConfigurationSection section)
    {
        foreach (var child in section.GetChildren())
        {
            var children = child.GetChildren().Any();
            if (!children || child.Value is { Length: > 0 }) yield return child;
            foreach (var leaf in LeavesOf(child)) yield return leaf;
        }
    }

    private static void AddContradictions(ServiceOptions options, IConfigurationSection section, List<ConfigFault> faults)
    {
        var database = options.Engine.Database;
        if (database.IsPostgres && string.IsNullOrWhiteSpace(database.ConnectionString))
            faults.Add(new ConfigFault("Broadcasts:Database:ConnectionString", "PostgreSQL needs it: Host=localhost;Database=broadcasts;Username=broadcasts;Password=…"));
        if (database.IsPostgres && !string.IsNullOrWhiteSpace(database.ConnectionString) && !IsConnectionString(database.ConnectionString, out var why))
            faults.Add(new ConfigFault("Broadcasts:Database:ConnectionString", why));
        if (database.IsPostgres && options.MasterKeyFile is null && string.IsNullOrWhiteSpace(section["Secrets:MasterKeyFile"]))
            faults.Add(new ConfigFault("Broadcasts:Secrets:MasterKeyFile", "PostgreSQL needs it: the keys of the channels' secrets are in the database, wrapped by this file. Make one with: openssl rand -base64 48 > master.key"));
        if (options.Engine.OpenId is { IsOn: true, ClientId: "" }) faults.Add(new ConfigFault("Broadcasts:OpenId:ClientId", "The OpenID provider needs it: what it calls this installation."));
        if (!database.IsPostgres && database.ConnectionString is not null)
            faults.Add(new ConfigFault("Broadcasts:Database:ConnectionString", "It is for PostgreSQL, but Broadcasts:Database:Provider is sqlite. Set the provider to postgres or remove the connection string."));
    }

    private static bool IsConnectionString(string text, out string why)
    {
        try
        {
            var builder = new Npgsql.NpgsqlConnectionStringBuilder(text);
            why = "It names no Host.";
            return !string.IsNullOrEmpty(builder.Host);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The message may quote a value, never the password's.
            why = $"It can't be read: {e.Message}";
            return false;
        }
    }

    private static void AddLogLevels(IConfiguration configuration, List<ConfigFault> faults)
    {
        foreach (var level in configuration.GetSection("Logging:LogLevel").GetChildren())
        {
            if (level.Value is { } value && !(Enum.TryParse<LogLevel>(value, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed)))
                faults.Add(new ConfigFault(level.Path, $"'{value}' is not one of: {string.Join(", ", Enum.GetNames<LogLevel>())}."));
        }
    }

    /// <summary>Letters to change, add or take away.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
