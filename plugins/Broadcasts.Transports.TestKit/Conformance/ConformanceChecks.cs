using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcasts.TestKit;

/// <summary>All checks. Each is one promise of the contract that a host relies on.</summary>
internal static partial class ConformanceChecks
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public static IReadOnlyList<ConformanceCheck> All { get; } =
    [
        new("entry-point", "the assembly names its entry point and the contract that it was built for", EntryPointAsync),
        new("descriptor", "the descriptor is complete, within the contract's limits, and the same each time", DescriptorAsync),
        new("form", "every setting has a label and a name of its own; no secret has a default", FormAsync),
        new("settings-work", "working settings pass the plugin's own check", SettingsWorkAsync),
        new("settings-missing", "settings that are missing are named for an administrator, never a bug's exception", SettingsMissingAsync),
        new("reports-once", "each message of a batch gets exactly one outcome", ReportsOnceAsync),
        new("parallel", "many sends at once are all reported", ParallelAsync),
        new("cancelled-before", "a batch that is cancelled before it begins ends at once and sends nothing", CancelledBeforeAsync),
        new("cancelled-during", "a call that hangs ends when it is cancelled, and is not called accepted", CancelledDuringAsync),
        new("unreachable", "a provider that can't be reached is tried later, and nobody is blamed", UnreachableAsync),
        new("throttled", "too many requests: throttled until the moment that the provider names", ThrottledAsync),
        new("throttled-date", "the same with a date instead of seconds", ThrottledDateAsync),
        new("credentials", "refused credentials stop the channel, not its recipients", CredentialsAsync),
        new("server-error", "a server's error without a word on the message is in doubt or tried later", ServerErrorAsync),
        new("lost-answer", "a connection that is lost after the request was written leaves the message in doubt", LostAnswerAsync),
        new("unreadable-answer", "an acceptance that can't be read is never sent again by itself", UnreadableAnswerAsync),
        new("unknown-refusal", "a refusal that nobody knows blames no address", UnknownRefusalAsync),
        new("secrets", "no secret shows in an outcome or a log line, also when the provider tells it back", SecretsAsync),
        new("webhook-unsigned", "a webhook without proof is refused and nothing is believed", WebhookUnsignedAsync),
        new("webhook-altered", "a genuine webhook is taken; with one byte changed it is refused", WebhookAlteredAsync),
        new("webhook-garbage", "garbage to the webhook is an answer, not an exception", WebhookGarbageAsync),
        new("dispose", "dispose ends soon, also right after a send", DisposeAsync),
        new("unload", "after dispose and unload nothing of the plugin is left in memory", UnloadAsync),
    ];

    /// <summary>A check by its name.</summary>
    public static ConformanceCheck Of(string name) => All.Single(c => c.Name == name);

    /// <summary>Runs a check. What the transport throws is a finding, not an error of the check.</summary>
    public static async Task<CheckResult> RunAsync(ConformanceCheck check, ConformanceSubject subject, CancellationToken cancellationToken)
    {
        try
        {
            return await check.RunAsync(subject, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return CheckResult.Failed($"It threw {e.GetType().Name}: {e.Message}");
        }
    }

    private static Task<CheckResult> EntryPointAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var type = subject.CreatePlugin().GetType();
        var stamp = type.Assembly.GetCustomAttribute<TransportContractAttribute>()?.Version;
        return Task.FromResult(CheckResult.Of(
            type.Assembly.GetCustomAttribute<TransportPluginAttribute>()?.PluginType != type ? $"[assembly: TransportPlugin] does not name {type.Name}."
            : type is not { IsPublic: true } || type.GetConstructor(Type.EmptyTypes) is null ? "The plugin must be public and have a public constructor without parameters."
            : stamp is null || !VersionPattern().IsMatch(stamp) ? "The contract version is not stamped: build with the package Broadcasts.Abstractions."
            : null));
    }

    private static Task<CheckResult> DescriptorAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var plugin = subject.CreatePlugin();
        var descriptor = plugin.Descriptor;
        var capabilities = descriptor.Capabilities;
        return Task.FromResult(CheckResult.Of(
            !IdPattern().IsMatch(descriptor.Id) ? $"The id '{descriptor.Id}' is not 2 to 64 lower-case letters, digits and dashes."
            : string.IsNullOrWhiteSpace(descriptor.DisplayName.English) ? "There is no display name."
            : capabilities.Content == ContentKinds.None ? "It takes no kind of content."
            : capabilities.MaxBatchSize is < 1 or > 1000 ? "MaxBatchSize must be 1 to 1,000."
            : capabilities.MaxInFlight is < 1 or > 4096 ? "MaxInFlight must be 1 to 4,096."
            : capabilities.SendDeadline < TimeSpan.FromSeconds(1) || capabilities.SendDeadline > TimeSpan.FromMinutes(15) ? "SendDeadline must be 1 s to 15 min."
            : plugin.Descriptor.Id != descriptor.Id ? "The descriptor changes from one reading to the next."
            : descriptor.AddressKind == AddressKinds.ChosenByChannel && !descriptor.Settings.Fields.Any(f => f is { Name: "addressKind", Type: SettingType.Choice }) ? "Its address kind is '*', but its form has no choice 'addressKind'."
            : null));
    }

    private static Task<CheckResult> FormAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var fields = subject.CreatePlugin().Descriptor.Settings.Fields;
        return Task.FromResult(CheckResult.Of(
            fields.FirstOrDefault(f => string.IsNullOrWhiteSpace(f.Label.English)) is { } bare ? $"The setting '{bare.Name}' has no label."
            : fields.FirstOrDefault(f => f is { Secret: true, Default: not null }) is { } shown ? $"The secret '{shown.Name}' has a default, which everybody can read."
            : fields.GroupBy(f => f.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice ? $"There are two settings '{twice.Key}'."
            : null));
    }

    private static Task<CheckResult> SettingsWorkAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var context = subject.CreateContext(subject.SettingsJson, null);
        var problems = subject.CreatePlugin().Validate(context);
        return Task.FromResult(CheckResult.Of(problems.Length == 0 ? null : string.Join(" ", problems.Select(p => $"{p.Setting}: {p.Message}"))));
    }

    /// <summary>Nothing at all, and then each required setting left out.</summary>
    private static async Task<CheckResult> SettingsMissingAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        var whole = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(subject.SettingsJson)!;
        var required = subject.CreatePlugin().Descriptor.Settings.Fields.Where(f => f.Required).Select(f => f.Name).ToList();
        foreach (var left in required.Where(whole.ContainsKey).Select(name => JsonSerializer.Serialize(whole.Where(s => s.Key != name).ToDictionary())).Prepend("{}"))
        {
            await using var plugin = subject.CreatePlugin();
            using var context = subject.CreateContext(left, null);
            try
            {
                _ = plugin.Validate(context);
                await subject.TakeDownAsync(await plugin.CreateAsync(context, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            }
            catch (TransportConfigurationException e) when (!string.IsNullOrWhiteSpace(e.Message))
            {
                // Said as it should be.
            }
            catch (Exception e)
            {
                return CheckResult.Failed($"With the settings {left} it throws {e.GetType().Name}: {e.Message} Throw TransportConfigurationException with what to mend.");
            }
        }

        return CheckResult.Passed;
    }

    [GeneratedRegex(@"^\d+\.\d+$")]
    private static partial Regex VersionPattern();

    [GeneratedRegex("^[a-z][a-z0-9-]{1,63}$")]
    private static partial Regex IdPattern();
}
