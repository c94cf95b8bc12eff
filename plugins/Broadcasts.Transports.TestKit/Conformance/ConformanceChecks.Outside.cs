using System.Text;
using System.Text.Json;

namespace Broadcasts.TestKit;

internal static partial class ConformanceChecks
{
    private static readonly int[] Told = [200, 400, 401, 429, 500];

    private static async Task<CheckResult> SecretsAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var secrets = SecretsOf(subject);
        if (secrets.Count == 0) return CheckResult.NotApplicable("Its settings hold no secret.");
        foreach (var settings in new[] { subject.SettingsJson, subject.UnreachableSettingsJson }.OfType<string>())
        {
            if (await ShownAsync(subject, settings, null, secrets, cancellationToken).ConfigureAwait(false) is { } shown) return CheckResult.Failed(shown);
        }

        foreach (var status in Told)
        {
            using var echo = ScriptedProvider.Echoing(status);
            if (await ShownAsync(subject, subject.SettingsJson, echo, secrets, cancellationToken).ConfigureAwait(false) is { } shown) return CheckResult.Failed($"{shown} The provider had told it back with HTTP {status}.");
        }

        return CheckResult.Passed;
    }

    private static Task<string?> ShownAsync(ConformanceSubject subject, string settings, HttpMessageHandler? http, IReadOnlyList<(string Name, string Value)> secrets, CancellationToken cancellationToken) =>
        subject.WithTransportAsync(settings, http, async (transport, context) =>
        {
            var outcomes = await OutcomeList.SendAsync(transport, cancellationToken, subject.Message(0)).ConfigureAwait(false);
            var texts = outcomes.Select(o => $"{o.Detail} {o.Code} {o.NewAddress} {string.Join(' ', o.ProviderIds)}").Concat(context.LogLines).ToList();
            return secrets.Where(s => texts.Any(t => t.Contains(s.Value, StringComparison.Ordinal))).Select(s => $"The secret '{s.Name}' shows in an outcome or a log line.").FirstOrDefault();
        }, cancellationToken);

    private static List<(string Name, string Value)> SecretsOf(ConformanceSubject subject)
    {
        var names = subject.CreatePlugin().Descriptor.Settings.Fields.Where(f => f.Secret).Select(f => f.Name).ToHashSet();
        using var settings = JsonDocument.Parse(subject.SettingsJson);
        return [.. settings.RootElement.EnumerateObject().Where(p => names.Contains(p.Name) && p.Value.ValueKind == JsonValueKind.String && p.Value.GetString()!.Length > 3).Select(p => (p.Name, p.Value.GetString()!))];
    }

    private static Task<CheckResult> WebhookUnsignedAsync(ConformanceSubject subject, CancellationToken cancellationToken) => ReceivesAsync(subject, async (receiver, _) =>
    {
        foreach (var (type, body) in new[] { ("application/json", """{"messageId":"1","status":"delivered","at":"2026-01-01T00:00:00Z"}"""), ("application/x-www-form-urlencoded", "MessageSid=1&MessageStatus=delivered") })
        {
            var result = await receiver.ReceiveAsync(Request(Encoding.UTF8.GetBytes(body), ("Content-Type", type)), cancellationToken).ConfigureAwait(false);
            if (result.Events.Length > 0) return CheckResult.Failed("It believes a request that proves nothing: anybody could send it.");
            if (result.Status is < 400 or > 499) return CheckResult.Failed($"It answers a request that proves nothing with {result.Status}. Answer 401: WebhookResult.Unverified().");
        }

        return CheckResult.Passed;
    }, cancellationToken);

    private static Task<CheckResult> WebhookAlteredAsync(ConformanceSubject subject, CancellationToken cancellationToken) => ReceivesAsync(subject, async (receiver, context) =>
    {
        if (subject.GenuineWebhook(context) is not { } genuine) return CheckResult.NotApplicable("No genuine request is known here; an author gives one in GenuineWebhook.");
        var taken = await receiver.ReceiveAsync(genuine, cancellationToken).ConfigureAwait(false);
        if (taken.Status is < 200 or > 299 || taken.Events.Length == 0) return CheckResult.Failed($"The genuine request was answered with {taken.Status} and brought {taken.Events.Length} events.");
        var bytes = genuine.Body.ToArray();
        bytes[bytes.Length / 2] ^= 1;
        var altered = await receiver.ReceiveAsync(new WebhookRequest { Method = genuine.Method, Url = genuine.Url, Headers = genuine.Headers, Body = bytes }, cancellationToken).ConfigureAwait(false);
        return CheckResult.Of(altered.Events.Length > 0 || altered.Status is < 400 or > 499 ? $"With one byte changed it was answered with {altered.Status} and brought {altered.Events.Length} events. Verify over the raw bytes." : null);
    }, cancellationToken);

    private static Task<CheckResult> WebhookGarbageAsync(ConformanceSubject subject, CancellationToken cancellationToken) => ReceivesAsync(subject, async (receiver, _) =>
    {
        var noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);
        foreach (var (method, body) in new (string, byte[])[] { ("POST", []), ("POST", noise), ("POST", "{"u8.ToArray()), ("POST", "[[[[null]]]]"u8.ToArray()), ("GET", []), ("PUT", noise) })
        {
            var result = await receiver.ReceiveAsync(Request(body, method: method), cancellationToken).ConfigureAwait(false);
            if (result.Events.Length > 0) return CheckResult.Failed("It found events in garbage.");
            if (result.Status is < 200 or > 599) return CheckResult.Failed($"It answers garbage with the status {result.Status}.");
        }

        return CheckResult.Passed;
    }, cancellationToken);

    private static Task<CheckResult> ReceivesAsync(ConformanceSubject subject, Func<IWebhookReceiver, FakeChannelContext, Task<CheckResult>> use, CancellationToken cancellationToken) =>
        subject.WithTransportAsync(subject.SettingsJson, null, (transport, context) =>
            transport is IWebhookReceiver receiver ? use(receiver, context) : Task.FromResult(CheckResult.NotApplicable("The transport takes no webhooks.")), cancellationToken);

    private static WebhookRequest Request(byte[] body, (string Name, string Value)? header = null, string method = "POST") => new()
    {
        Method = method,
        Url = new Uri("https://broadcasts.example.org/hooks/1"),
        Headers = header is var (name, value) ? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { [name] = value } : new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase),
        Body = body,
    };

    private static async Task<CheckResult> DisposeAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        await using var plugin = subject.CreatePlugin();
        using var context = subject.CreateContext(subject.SettingsJson, null);
        var transport = await plugin.CreateAsync(context, cancellationToken).ConfigureAwait(false);
        await OutcomeList.SendAsync(transport, cancellationToken, subject.Message(0)).ConfigureAwait(false);
        var disposing = Task.Run(() => transport.DisposeAsync().AsTask(), cancellationToken);
        return CheckResult.Of(await EndsSoonAsync(disposing, cancellationToken).ConfigureAwait(false) ? null : $"Dispose did not end within {Soon.TotalSeconds} s.");
    }

    private static async Task<CheckResult> UnloadAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var collected = await UnloadProbe.IsCollectedAsync(subject.AssemblyPath, async plugin =>
        {
            using var context = subject.CreateContext(subject.SettingsJson, null);
            var transport = await plugin.CreateAsync(context, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < 2; i++) await OutcomeList.SendAsync(transport, cancellationToken, subject.Message(i)).ConfigureAwait(false);
            await EndsSoonAsync(Task.Run(() => transport.DisposeAsync().AsTask(), cancellationToken), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return CheckResult.Of(collected ? null : "Something still points to the plugin: look for timers, tasks, event handlers, token registrations and framework caches.");
    }
}
