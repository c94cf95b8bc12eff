using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Templates;

namespace Broadcasts.Host.CommandLine;

/// <summary>Import, channel, broadcast, wait, summary: each step finds what an earlier run of the same command left and goes on from there.</summary>
internal sealed class SendJob(SendRequest request, IServiceProvider services, ServiceOptions options, Terminal terminal)
{
    public static async Task<int> RunAsync(SendRequest request, ServiceOptions options, IConfiguration configuration, Terminal terminal, CancellationToken cancellationToken)
    {
        try
        {
            return await OwnHost.RunAsync(options, configuration, (services, ending) => new SendJob(request, services, options, terminal).RunAsync(ending), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            terminal.Say("Stopped. The same command goes on where it stopped.");
            return ExitCodes.Failed;
        }
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var channelId = await FindChannelAsync(cancellationToken);
        await CheckTextsAsync();
        var import = await ImportAsync(cancellationToken);
        if (import.Rows == import.Invalid) throw new StartException($"{request.Contacts}: no row has a valid address: nothing to send.");
        var (id, isNew) = await FindBroadcastAsync(channelId, import, cancellationToken);
        if (!await StartAsync(id, isNew, cancellationToken)) return ExitCodes.Failed;
        var progress = await new SendWatch(services, terminal, channelId).UntilOverAsync(id, cancellationToken);
        return Summary.Print(progress, terminal, request.IsJson);
    }

    private async Task<ImportResult> ImportAsync(CancellationToken cancellationToken)
    {
        var result = await ImportCommand.RunAsync(services, request.Contacts,
            new ImportOptions { Name = Path.GetFileName(request.Contacts), Actor = Cli.Actor, DefaultCountry = options.Engine.DefaultCountry, ConsentSource = request.ConsentSource }, terminal, cancellationToken);
        if (result.Id != 0) terminal.Say($"Contacts: {result.Created:N0} created, {result.Updated:N0} updated, {result.Unchanged:N0} unchanged, {result.Duplicate:N0} duplicate, {result.Invalid:N0} invalid");
        await ImportCommand.SayInvalidAsync(services, result, terminal);
        if (result.Status is ImportStatus.Cancelled or ImportStatus.Interrupted) throw new OperationCanceledException(cancellationToken);
        return result.Error is { } error ? throw new StartException($"{request.Contacts}: {error.Message} Nothing was sent.") : result;
    }

    /// <summary>A text that no file of contacts could mend is refused before the file is read. Names are checked after it: its columns bring new ones.</summary>
    private async Task CheckTextsAsync()
    {
        var compiler = new ContentCompiler(ContentCompiler.SchemaOf(await services.GetRequiredService<FieldStore>().ListAsync()));
        compiler.Compile([PartOf()]);
        var wrong = compiler.Problems.Where(p => p.Code != TemplateProblemCodes.UnknownName).ToArray();
        if (wrong.Length > 0) Check(CommandResult.Invalid(wrong));
    }

    /// <summary>The channel of this transport with these settings; made when there is none. Secrets do not tell channels apart, so a new password mends the old one.</summary>
    private async Task<long> FindChannelAsync(CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<ChannelStore>();
        var channels = services.GetRequiredService<ChannelService>();
        if (request.Settings.Count == 0 && await store.FindAsync(request.Channel) is { } named) return await WakeAsync(named, store, channels);

        var catalogue = services.GetRequiredService<TransportCatalogue>();
        if (catalogue.Find(request.Channel.ToLowerInvariant()) is not { } transport)
            throw new StartException($"--channel: there is no transport '{request.Channel}' and no channel of that name. Transports: {string.Join(", ", catalogue.All.Select(t => t.Id))}.", ExitCodes.Usage);

        var texts = request.Settings.ToList();
        if (request.From is not null && transport.Fields.Any(f => f.Name == "from") && texts.All(t => t.Key != "from")) texts.Add(new("from", request.From));
        var settings = SettingsValidator.FromText(transport.Fields, texts);
        var secrets = transport.Fields.Where(f => f.Secret).Select(f => f.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var plain = string.Join('\n', texts.Where(t => !secrets.Contains(t.Key)).OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Key}={t.Value}"));
        var name = $"{transport.Id} {Hash(plain)[..8]}";

        var edit = new ChannelEdit(name, transport.Id, settings, null);
        if (await store.FindAsync(name) is { } known)
        {
            var current = (await store.GetAsync(known))!;
            Check(await channels.UpdateAsync(known, edit with { Rate = current.Rate }, current.Version, Cli.Actor, cancellationToken));
            return await WakeAsync(known, store, channels);
        }

        var (id, result) = await channels.CreateAsync(edit, Cli.Actor, cancellationToken);
        Check(result);
        return id;
    }

    // A fault paused it last time; whoever runs the command again has mended the cause, or will read the same fault again.
    private static async Task<long> WakeAsync(long id, ChannelStore store, ChannelService channels)
    {
        if (await store.GetAsync(id) is { Status: ChannelStatus.Paused }) await channels.ResumeAsync(id, Cli.Actor);
        return id;
    }

    private async Task<(long Id, bool IsNew)> FindBroadcastAsync(long channelId, ImportResult import, CancellationToken cancellationToken)
    {
        var parts = JsonSerializer.Serialize(new[] { PartOf() }, BroadcastJson.Options);
        var name = Path.GetFileName(request.Contacts) + (request.Subject is null ? "" : $": {request.Subject}");
        if (name.Length > 200) name = name[..200];

        // Who, what and over which channel. The rate is not part of it: the same broadcast may go on faster or slower.
        var identity = $"cli:{Hash($"{import.Sha256}\n{channelId}\n{request.From}\n{parts}")}";
        var known = await services.GetRequiredService<BroadcastStore>().FindAsync(identity);
        var draft = new BroadcastDraft
        {
            Name = name,
            ChannelId = channelId,
            AudienceJson = JsonSerializer.Serialize(new BroadcastAudience { ImportId = import.Id }, BroadcastJson.Options),
            PartsJson = parts,
            Rate = request.Rate,
        };
        var earlier = known is null ? await FindEarlierAsync(cancellationToken) : null;
        var (id, result) = await services.GetRequiredService<BroadcastFactory>().CreateAsync(draft, Cli.Actor, identity);
        Check(result);
        if (known is not null) terminal.Say($"Broadcast {id} is known: it goes on where it stopped.");
        else if (earlier is { } other) terminal.Say($"Broadcast {id} is new: the file, the message or the channel is not the one of broadcast {other}. Everybody in the file gets it.");
        else terminal.Say($"Broadcast {id} is new.");
        return (id, known is null);
    }

    /// <summary>An earlier broadcast of a file with this name.</summary>
    private async Task<long?> FindEarlierAsync(CancellationToken cancellationToken)
    {
        var rows = await services.GetRequiredService<BroadcastQueries>()
            .ListBeforeAsync(new BroadcastFilter { CreatedBy = Cli.Actor, Search = Path.GetFileName(request.Contacts) }, null, 1, cancellationToken);
        return rows.Count > 0 ? rows[0].Id : null;
    }

    private BroadcastPart PartOf()
    {
        var transport = services.GetRequiredService<TransportCatalogue>().Find(request.Channel.ToLowerInvariant());
        var isEmail = request.Subject is not null || request.Html is not null || transport?.AddressKind == AddressKinds.Email;
        if (!isEmail) return new TextPart { Text = request.Template };
        return request.Subject is { } subject
            ? new EmailPart { Subject = subject, Text = request.Template, Html = request.Html, From = request.From }
            : throw new StartException("--subject: an e-mail needs one.", ExitCodes.Usage);
    }

    private async Task<bool> StartAsync(long id, bool isNew, CancellationToken cancellationToken)
    {
        var queries = services.GetRequiredService<BroadcastQueries>();
        var grain = services.GetRequiredService<IGrainFactory>().GetGrain<IBroadcastGrain>(id);
        var details = (await queries.GetAsync(id, cancellationToken))!;
        switch (details.Row.Status)
        {
            case BroadcastStatus.Failed:
                Check(await grain.FixAsync(Cli.Actor));
                return await AskAndStartAsync(id, grain, cancellationToken);
            case BroadcastStatus.Draft:
                return await AskAndStartAsync(id, grain, cancellationToken);
            case BroadcastStatus.Paused:
                Check(await grain.ResumeAsync(Cli.Actor));
                break;
        }

        if (!isNew && details.Row.Status is BroadcastStatus.InProgress or BroadcastStatus.Paused && details.Rate != request.Rate) Check(await grain.SetRateAsync(request.Rate, Cli.Actor));
        return true;
    }

    private async Task<bool> AskAndStartAsync(long id, IBroadcastGrain grain, CancellationToken cancellationToken)
    {
        if (!request.IsAgreed)
        {
            var forecast = (await services.GetRequiredService<Forecasts>().ForecastAsync(id, cancellationToken))!;
            if (forecast.Problems.Count > 0) throw new StartException(SendWords.Of(forecast.Problems), ExitCodes.Usage);
            foreach (var (reason, people) in forecast.Skipped) terminal.Say($"  {people:N0} will be skipped: {reason}");
            if (!terminal.Ask($"Send to {forecast.Sendable:N0} people over {request.Channel}?"))
            {
                terminal.Say("Nothing was sent.");
                return false;
            }
        }

        Check(await grain.StartAsync(Cli.Actor));
        return true;
    }

    private static void Check(CommandResult result)
    {
        if (result.IsDone) return;
        throw result.Problems.Length == 0 || result.Code == CommandCode.Refused
            ? new StartException(result.Message ?? "It was refused.")
            : new StartException(SendWords.Of(result.Problems), ExitCodes.Usage);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
