using System.Globalization;
using System.Net;
using Broadcasts.Security;

namespace Broadcasts.Host.Configuration;

/// <summary>One setting: its key below <c>Broadcasts:</c>, what it is, and how its text is read.</summary>
/// <param name="Name">The key without the prefix.</param>
/// <param name="Default">The default as text; empty for none.</param>
/// <param name="Description">For the operator.</param>
/// <param name="Apply">Takes the text over; answers what is wrong with it, or null.</param>
internal sealed record ConfigKey(string Name, string Default, string Description, Func<string, ServiceOptions, string?> Apply)
{
    public string Path => ConfigKeys.Section + ":" + Name;
}

/// <summary>The table of settings: reading, the faults and the documentation all come from it.</summary>
internal static class ConfigKeys
{
    public const string Section = "Broadcasts";

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        new("DataDirectory", "", "Folder of everything this installation keeps on this machine. Default: systemd's state directory, on Windows as a service %ProgramData%\\Broadcasts, otherwise 'data' in the working directory.",
            (text, o) => Text(text, value => o.Engine.DataDirectory = value)),
        new("HostDirectory", "", "Folder outside of the data directory in which this machine remembers which data it worked with, so that a restored copy is noticed. Default: 'broadcasts/hosts' in the user's local application data.",
            (text, o) => Text(text, value => o.Engine.HostDirectory = Path.GetFullPath(value))),
        new("Urls", "http://127.0.0.1:5080", "Addresses of the console and the API, separated by semicolons. Port 0 takes a free one.", ReadUrls),
        new("PublicUrl", "", "Address under which the outside reaches this installation: opt-out links and webhooks are built from it.", ReadPublicUrl),
        new("TrustedProxies", "", "IP addresses of reverse proxies, separated by semicolons: what they say in X-Forwarded-For and X-Forwarded-Proto counts. Empty: nobody's word does.", ReadTrustedProxies),
        new("TimeZone", "Etc/UTC", "IANA zone of schedules when nothing else is said.", ReadTimeZone),
        new("DefaultCountry", "", "ISO 3166 country of telephone numbers without a country code.", ReadCountry),
        new("Database:Provider", "sqlite", "sqlite or postgres.",
            (text, o) => OneOf(text, ["sqlite", "postgres"], value => o.Engine.Database.Provider = value)),
        new("Database:ConnectionString", "", "For PostgreSQL 15 or newer. On SQLite the file is broadcasts.db in the data directory.",
            (text, o) => Text(text, value => o.Engine.Database.ConnectionString = value)),
        new("Secrets:MasterKeyFile", "", "For PostgreSQL: a file with at least 32 bytes that wraps the keys in the database. The same file on every machine.", ReadMasterKeyFile),
        new("Cluster:Name", "broadcasts", "Name that all processes of one installation share.", (text, o) => Text(text, value => o.Engine.Cluster.Name = value)),
        new("Cluster:Address", "127.0.0.1", "IP address that other processes of the cluster reach this one at. There is no authentication on it: loopback or a private network.", ReadClusterAddress),
        new("Cluster:Port", "0", "Port for the other processes; 0 takes a free one.", (text, o) => Number(text, 0, 65_535, value => o.Engine.Cluster.Port = value)),
        new("Plugins:DropDirectory", "drop", "Folder whose plugin packages (*.nupkg) are installed, from the data directory on when it is relative; 'none' for no such folder. Who may write there may run code in the service.",
            (text, o) => Text(text, value => o.Engine.PluginDropDirectory = value == "none" ? null : value)),
        new("Plugins:TrustedSigners", "", "SHA-256 fingerprints of certificates, separated by semicolons: only packages that one of them signed are installed. Empty: packages need no signature.", ReadTrustedSigners),
        new("Network:Allow", "", "What of the inside addresses that somebody typed (of providers, in a channel's settings) may lead to, separated by semicolons: private, networks, addresses, hosts' names. Empty: nothing.", ReadAllowedInside),
        new("StopGrace", "00:00:08", "Time that messages in flight get to finish when the service stops.", ReadStopGrace),
        new("Jobs:FileDays", "7", "Days for which the file that a job made can be downloaded; then it is deleted.", (text, o) => Number(text, 1, 365, value => o.Engine.JobFileLifetime = TimeSpan.FromDays(value))),
        new("Limits:ApiRequestsPerMinute", "6000", "Requests to the API that one key, or one person, may make within a minute, at each process; 0 for any number.", (text, o) => Number(text, 0, 10_000_000, value => o.MaxApiRequestsPerMinute = value)),
        new("Limits:ImportMegabytes", "1024", "Largest file of contacts or addresses that the API and the console take.", (text, o) => Number(text, 1, 100_000, value => o.Engine.MaxImportMegabytes = value)),
        new("Limits:FileMegabytes", "25", "Largest file that a message can carry.", (text, o) => Number(text, 1, 1_000, value => o.MaxFileMegabytes = value)),
        new("Limits:PluginMegabytes", "100", "Largest plugin package.", (text, o) => Number(text, 1, 1_000, value => o.Engine.MaxPluginMegabytes = value)),
        .. OpenIdKeys.All,
    ];

    private static string? ReadUrls(string text, ServiceOptions options)
    {
        var urls = new List<Uri>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // "http://*:5080" is how servers write "every address"; Uri does not take the star.
            var written = part.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal);
            if (!Uri.TryCreate(written, UriKind.Absolute, out var url)) return $"'{part}' is not an address. Write http://127.0.0.1:5080.";
            if (url.Scheme != Uri.UriSchemeHttp) return $"'{part}': only http:// is served. Put a reverse proxy with the certificate in front of it.";
            if (url.AbsolutePath != "/") return $"'{part}': a path is not possible here.";
            if (url.Host != "localhost" && !IPAddress.TryParse(url.Host.Trim('[', ']'), out _)) return $"'{part}': the host must be an IP address, localhost or *.";
            urls.Add(url);
        }

        if (urls.Count == 0) return "There is no address. Write http://127.0.0.1:5080.";
        options.Urls = urls;
        return null;
    }

    private static string? ReadPublicUrl(string text, ServiceOptions options)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return $"'{text}' is not an address. Write https://broadcasts.example.com.";
        options.Engine.PublicUrl = url;
        return null;
    }

    private static string? ReadTimeZone(string text, ServiceOptions options)
    {
        if (NodaTime.DateTimeZoneProviders.Tzdb.GetZoneOrNull(text) is null) return $"'{text}' is not an IANA time zone. Write Europe/Madrid or Etc/UTC.";
        options.Engine.TimeZone = text;
        return null;
    }

    private static string? ReadCountry(string text, ServiceOptions options)
    {
        var country = text.Trim().ToUpperInvariant();
        if (!PhoneNumbers.PhoneNumberUtil.GetInstance().GetSupportedRegions().Contains(country)) return $"'{text}' is not an ISO 3166 country code. Write ES or US.";
        options.Engine.DefaultCountry = country;
        return null;
    }

    private static string? ReadMasterKeyFile(string text, ServiceOptions options)
    {
        var path = Path.GetFullPath(text);
        if (!File.Exists(path)) return $"There is no file '{path}'. Make one with: openssl rand -base64 48";
        options.MasterKeyFile = path;
        return null;
    }

    private static string? ReadClusterAddress(string text, ServiceOptions options)
    {
        if (!IPAddress.TryParse(text, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return $"'{text}' is not an IP address that other machines can reach. Write 10.0.0.5.";
        options.Engine.Cluster.Address = text;
        return null;
    }

    private static string? ReadTrustedProxies(string text, ServiceOptions options)
    {
        var proxies = new List<IPAddress>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IPAddress.TryParse(part, out var address)) return $"'{part}' is not an IP address. Write 127.0.0.1;::1.";
            proxies.Add(address);
        }

        options.TrustedProxies = proxies;
        return null;
    }

    private static string? ReadAllowedInside(string text, ServiceOptions options)
    {
        var entries = text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        options.Engine.AllowedInside = entries;
        return entries.Select(OutsideAddresses.Fault).FirstOrDefault(fault => fault is not null);
    }

    private static string? ReadTrustedSigners(string text, ServiceOptions options)
    {
        var signers = new HashSet<string>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // With colons is how openssl prints a fingerprint.
            var fingerprint = part.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
            if (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigit)) return $"'{part}' is not the SHA-256 fingerprint of a certificate: 64 hexadecimal digits. See: openssl x509 -noout -fingerprint -sha256 -in signer.crt";
            signers.Add(fingerprint);
        }

        options.Engine.TrustedPluginSigners = signers;
        return null;
    }

    private static string? ReadStopGrace(string text, ServiceOptions options)
    {
        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var grace) || grace < TimeSpan.Zero || grace > TimeSpan.FromMinutes(10)) return $"'{text}' is not a time from 00:00:00 to 00:10:00. Write 00:00:08.";
        options.Engine.StopGrace = grace;
        return null;
    }

    internal static string? Text(string text, Action<string> take)
    {
        take(text);
        return null;
    }

    private static string? OneOf(string text, string[] allowed, Action<string> take)
    {
        var value = text.Trim().ToLowerInvariant();
        if (!allowed.Contains(value)) return $"'{text}' is not one of: {string.Join(", ", allowed)}.";
        take(value);
        return null;
    }

    private static string? Number(string text, int least, int most, Action<int> take)
    {
        if (!int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) || value < least || value > most) return $"'{text}' is not a whole number from {least} to {most}.";
        take(value);
        return null;
    }
}
