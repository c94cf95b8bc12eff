using System.CommandLine;
using System.Globalization;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary>What a caller of <c>broadcasts send</c> asked for.</summary>
internal sealed record SendRequest
{
    public required string Contacts { get; init; }

    public required string Channel { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; }

    public string? From { get; init; }

    public string? Subject { get; init; }

    public required string Template { get; init; }

    public string? Html { get; init; }

    public SendRate? Rate { get; init; }

    /// <summary>Where the people of the file agreed to be written to.</summary>
    public required string ConsentSource { get; init; }

    public bool IsAgreed { get; init; }

    public bool IsJson { get; init; }
}

/// <summary><c>broadcasts send</c>: one file of people, one message, no service.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var contacts = new Option<string>("--contacts") { Description = "CSV file of the recipients.", Required = true, HelpName = "FILE" };
        var channel = new Option<string>("--channel") { Description = "A transport (smtp, webhook, filedrop …), or the name of a channel in the data directory.", Required = true, HelpName = "NAME" };
        var set = new Option<string[]>("--set") { Description = "A setting of the transport: host=smtp.example.org, password=@file reads it from a file. May be given more than once.", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = true };
        var from = new Option<string?>("--from") { Description = "Sender.", HelpName = "ADDRESS" };
        var subject = new Option<string?>("--subject") { Description = "Subject of the e-mail; a template.", HelpName = "TEXT" };
        var template = new Option<string>("--template") { Description = "File with the text; a template.", Required = true, HelpName = "FILE" };
        var html = new Option<string?>("--html") { Description = "File with the HTML of the e-mail; a template.", HelpName = "FILE" };
        var rate = new Option<string?>("--rate") { Description = "Most messages per second, minute or hour: 50/s, 600/m, 5000/h.", HelpName = "N/s" };
        var consent = new Option<string?>("--consent-source") { Description = "Where these people agreed to be written to, such as 'web form 2026'. Default: file NAME.", HelpName = "TEXT" };
        var yes = new Option<bool>("--yes") { Description = "Do not ask before sending." };
        var data = Cli.DataOption();
        var json = Cli.JsonOption();
        var command = new Command("send", "Sends one message to everybody in a CSV file. Run again with the same arguments it goes on where it stopped and repeats nobody.")
        {
            contacts, channel, set, from, subject, template, html, rate, consent, data, yes, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var request = new SendRequest
            {
                Contacts = Cli.ExistingFile(parsed.GetValue(contacts)!),
                Channel = parsed.GetValue(channel)!,
                Settings = ReadSettings(parsed.GetValue(set) ?? []),
                From = parsed.GetValue(from),
                Subject = parsed.GetValue(subject),
                Template = ReadText(parsed.GetValue(template)!),
                Html = parsed.GetValue(html) is { } path ? ReadText(path) : null,
                Rate = ReadRate(parsed.GetValue(rate)),
                ConsentSource = parsed.GetValue(consent) is { } source && !string.IsNullOrWhiteSpace(source) ? source : $"file {Path.GetFileName(parsed.GetValue(contacts))}",
                IsAgreed = parsed.GetValue(yes),
                IsJson = parsed.GetValue(json),
            };
            if (DataDirectory.IsHeld(options.Engine.DataDirectory))
                throw new StartException($"A service{DataDirectory.OwnerOf(options.Engine.DataDirectory)} runs on {options.Engine.DataDirectory}. Send through it: in the console, or by its API (POST /api/v1/contacts/imports, POST /api/v1/broadcasts with importId, POST /api/v1/broadcasts/ID/send; a key comes from: broadcasts apikey create --name NAME). Or give this command a directory of its own with --data.");

            var terminal = new Terminal(TimeProvider.System, request.IsJson);
            if (!request.IsAgreed && !terminal.IsInteractive) throw new StartException("Nobody is there to be asked: add --yes to send without a question.", ExitCodes.Usage);
            return await SendJob.RunAsync(request, options, configuration, terminal, cancellationToken);
        });
        return command;
    }

    /// <summary><c>50/s</c>, <c>600/m</c>, <c>5000/h</c>; null for none.</summary>
    public static SendRate? ReadRate(string? text)
    {
        if (text is null) return null;
        var parts = text.Split('/');
        long? perMs = parts.Length == 1 ? 1_000 : parts[1].Trim().ToLowerInvariant() switch
        {
            "s" or "sec" or "second" => 1_000,
            "m" or "min" or "minute" => 60_000,
            "h" or "hour" => 3_600_000,
            _ => null,
        };
        if (parts.Length <= 2 && perMs is { } length && int.TryParse(parts[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0) return new SendRate(count, length);
        throw new StartException($"--rate: '{text}' is not a rate. Write 50/s, 600/m or 5000/h.", ExitCodes.Usage);
    }

    /// <summary>Settings of a transport as they are written on the command line: NAME=VALUE, or NAME=@FILE.</summary>
    internal static List<KeyValuePair<string, string>> ReadSettings(string[] texts)
    {
        var settings = new List<KeyValuePair<string, string>>();
        foreach (var text in texts)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at < 1) throw new StartException($"--set: '{text}' is not NAME=VALUE.", ExitCodes.Usage);
            var (name, value) = (text[..at].Trim(), text[(at + 1)..]);
            // A secret in a file stays out of the list of processes and of the shell's history.
            if (value.StartsWith('@')) value = ReadText(value[1..]).TrimEnd('\r', '\n');
            if (settings.Any(s => s.Key.Equals(name, StringComparison.OrdinalIgnoreCase))) throw new StartException($"--set: '{name}' is given twice.", ExitCodes.Usage);
            settings.Add(new(name, value));
        }

        return settings;
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static string ReadText(string path)
    {
        try
        {
            // UTF-8, or what a byte order mark says. A replaced character would go out to everybody.
            return File.ReadAllText(Cli.ExistingFile(path), StrictUtf8);
        }
        catch (DecoderFallbackException)
        {
            throw new StartException($"{path} is not UTF-8 text. Save it as UTF-8 and run the command again.", ExitCodes.Usage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{path} can't be read: {e.Message}", ExitCodes.Usage);
        }
    }
}
