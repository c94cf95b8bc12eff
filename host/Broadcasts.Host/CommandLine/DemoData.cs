using System.Globalization;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Hosting;
using Broadcasts.Templates.Library;

namespace Broadcasts.Host.CommandLine;

/// <summary>Fills a demo through the same services that console and API use.</summary>
internal sealed class DemoData(IServiceProvider services, DemoPlan plan)
{
    private const string Actor = "demo";

    /// <summary>Contacts, channels, four broadcasts; the one in progress and its channel are returned.</summary>
    public async Task<(long BroadcastId, long ChannelId)> CreateAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        using var file = new MemoryStream(DemoPeople.WriteCsv(plan.Contacts));
        var import = await services.GetRequiredService<ImportService>().RunAsync(file, new ImportOptions { Name = "sample contacts.csv", Actor = Actor, ConsentSource = "made up for the demo" }, null, cancellationToken);
        if (import.Error is { } error) throw new StartException(error.Message);
        terminal.Say($"{import.Created:N0} sample contacts");

        var everybody = await SegmentAsync("Everybody", """{"all":[]}""");
        var spanish = await SegmentAsync("Spanish speakers", """{"field":"language","op":"is","value":"es"}""");
        var vip = await SegmentAsync("VIP", """{"field":"tag","op":"hasAnyOf","value":["vip"]}""");

        var sms = await ChannelAsync("SMS (simulated)", new { addressKind = "phone", latencyMs = 40, jitterMs = 60, invalidPercent = 0.8, blockedPercent = 0.4, receiptDelayMs = 3_000, lateFailurePercent = 0.5 });
        var mail = await ChannelAsync("Newsletter (simulated)", new { addressKind = "email", latencyMs = 30, jitterMs = 40, invalidPercent = 3, blockedPercent = 2, contentRefusedPercent = 1.5, lateFailurePercent = 3, receiptDelayMs = 1_000, seed = 7 });

        var over = await BroadcastAsync("Invitation to the summer evening", ["events"], mail, vip, null, [new EmailPart
        {
            Subject = "{{ contact.first_name | fallback \"Hello\" }}, you are invited",
            Text = "Dear {{ contact.first_name | fallback \"guest\" }},\n\nour summer evening is on 12 June at seven. Bring somebody along.\n\nThe team",
        }]);
        await StartAsync(over);

        var running = await BroadcastAsync("Opening hours over the holidays", ["service"], sms, everybody, plan.Rate, [new TextPart
        {
            Text = "{{ if contact.language == \"es\" }}Hola {{ contact.first_name | fallback \"cliente\" }}: del 24 al 26 cerramos a las 14 h. ¡Felices fiestas!{{ else }}Hi {{ contact.first_name | fallback \"there\" }}, from 24 to 26 we close at 2 pm. Happy holidays!{{ end }}",
        }]);
        await StartAsync(running);

        var later = await BroadcastAsync("Rebajas de enero", ["sales"], mail, spanish, new SendRate(50, 1_000), [new EmailPart
        {
            Subject = "Las rebajas empiezan el 7 de enero",
            Text = "Hola {{ contact.first_name | fallback \"cliente\" }}:\n\ndesde el 7 de enero, hasta un 40 % en {{ contact.city | fallback \"tu ciudad\" }}.",
        }]);
        var tomorrow = services.GetRequiredService<TimeProvider>().GetUtcNow().AddDays(1).ToString("yyyy-MM-dd'T'10:00", CultureInfo.InvariantCulture);
        Check(await Grain(later).ScheduleAsync(new BroadcastSchedule { LocalTime = tomorrow, TimeZone = "Europe/Madrid" }, Actor));

        await TemplateAsync("Welcome", "The first message that a new customer gets.",
            Mail("en", "Welcome, {{ contact.first_name | fallback \"and thank you\" }}", "Hello {{ contact.first_name | fallback \"there\" }},\n\nit is good to have you with us. Answer this message whenever you need something: a person reads it.\n\nThe team"),
            Mail("es", "Te damos la bienvenida, {{ contact.first_name | fallback \"y gracias\" }}", "Hola {{ contact.first_name | fallback \"cliente\" }}:\n\nqué bien que estés con nosotros. Responde a este mensaje cuando necesites algo: lo lee una persona.\n\nEl equipo"));
        await TemplateAsync("Appointment tomorrow", "A reminder by SMS, one part in both languages.",
            new LanguageParts { Language = "en", Parts = [new TextPart { Text = "Hi {{ contact.first_name | fallback \"there\" | truncate 20 }}, see you tomorrow. Can't come? Answer this message and we find another day." }] },
            new LanguageParts { Language = "es", Parts = [new TextPart { Text = "Hola {{ contact.first_name | fallback \"cliente\" | truncate 20 }}, te esperamos mañana. ¿No puedes? Responde y buscamos otro día." }] });
        await BroadcastAsync("Survey: how did we do?", ["research"], sms, null, null, [new ChoicesPart { Prompt = "How was your last visit?", Options = ["Great", "So-so", "Bad"] }]);
        terminal.Say($"Broadcasts: one in progress at {plan.Rate.PerSecond:0.##}/s, one scheduled, one with failures, one draft");
        return (running, sms);
    }

    private static LanguageParts Mail(string language, string subject, string text) => new() { Language = language, Parts = [new EmailPart { Subject = subject, Text = text }] };

    private async Task TemplateAsync(string name, string about, params LanguageParts[] languages) =>
        Check((await services.GetRequiredService<TemplateStore>().CreateAsync(new TemplateEdit { Name = name, Description = about, Languages = languages }, Actor)).Result);

    private async Task<long> SegmentAsync(string name, string rule)
    {
        var parsed = SegmentRule.Parse(rule, out var problems) ?? throw new StartException(problems[0].Message);
        var (id, result) = await services.GetRequiredService<SegmentStore>().CreateAsync(name, parsed, "demo");
        Check(result);
        return id;
    }

    private async Task<long> ChannelAsync(string name, object settings)
    {
        var (id, result) = await services.GetRequiredService<ChannelService>().CreateAsync(new ChannelEdit(name, "simulator", JsonSerializer.Serialize(settings), null), Actor);
        Check(result);
        return id;
    }

    private async Task<long> BroadcastAsync(string name, string[] labels, long channel, long? segment, SendRate? rate, BroadcastPart[] parts)
    {
        var (id, result) = await services.GetRequiredService<BroadcastFactory>().CreateAsync(new BroadcastDraft
        {
            Name = name,
            Labels = labels,
            ChannelId = channel,
            AudienceJson = segment is null ? null : JsonSerializer.Serialize(new BroadcastAudience { SegmentId = segment }, BroadcastJson.Options),
            PartsJson = JsonSerializer.Serialize(parts, BroadcastJson.Options),
            Rate = rate,
        }, Actor);
        Check(result);
        return id;
    }

    private async Task StartAsync(long id) => Check(await Grain(id).StartAsync(Actor));

    private IBroadcastGrain Grain(long id) => services.GetRequiredService<IGrainFactory>().GetGrain<IBroadcastGrain>(id);

    private static void Check(CommandResult result)
    {
        if (!result.IsDone) throw new StartException($"The demo could not be made: {result.Message}");
    }
}
