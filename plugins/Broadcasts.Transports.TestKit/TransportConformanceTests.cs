using System.Reflection;
using System.Text.Json;
using Xunit;

namespace Broadcasts.TestKit;

/// <summary>Derive one class per transport. Every inherited test must pass before a host should be given the transport.</summary>
/// <remarks>Use a fake provider on loopback that accepts everything; the refusals of your provider belong in tests of your own, by table.</remarks>
public abstract class TransportConformanceTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    /// <summary>A fresh instance of the plugin.</summary>
    protected abstract ITransportPlugin CreatePlugin();

    /// <summary>Settings with which a message is accepted. Secrets should be long and unmistakable: the tests look for them where they must not be.</summary>
    protected abstract string SettingsJson { get; }

    /// <summary>Settings whose provider can't be reached, such as a closed port on loopback; null when the transport needs no network.</summary>
    protected virtual string? UnreachableSettingsJson => null;

    /// <summary>A message that the fake provider accepts.</summary>
    protected virtual OutboundMessage Message(int number) =>
        new() { Id = $"conformance-{number}", To = "someone@example.org", Content = new TextContent { Text = $"Hello {number}" } };

    /// <summary>The context of one test.</summary>
    protected virtual FakeTransportContext CreateContext(string settingsJson) => new(settingsJson);

    /// <summary>The assembly names its entry point and the contract that it was built for; the host reads both before it loads anything.</summary>
    [Fact]
    public void Assembly_OfThePlugin_NamesEntryPointAndContract()
    {
        var type = CreatePlugin().GetType();
        Assert.Equal(type, type.Assembly.GetCustomAttribute<TransportPluginAttribute>()?.PluginType);
        Assert.True(type is { IsPublic: true } && type.GetConstructor(Type.EmptyTypes) is not null, "The plugin must be public and have a public constructor without parameters.");
        Assert.Matches(@"^\d+\.\d+$", type.Assembly.GetCustomAttribute<TransportContractAttribute>()?.Version ?? "missing: build with the package Broadcasts.Abstractions");
    }

    /// <summary>The descriptor is complete, within the contract's limits, and the same each time.</summary>
    [Fact]
    public void Descriptor_Always_IsCompleteAndStable()
    {
        var plugin = CreatePlugin();
        var descriptor = plugin.Descriptor;
        Assert.Matches("^[a-z][a-z0-9-]{1,63}$", descriptor.Id);
        Assert.NotEmpty(descriptor.DisplayName.English);
        Assert.NotEqual(ContentKinds.None, descriptor.Capabilities.Content);
        Assert.InRange(descriptor.Capabilities.MaxBatchSize, 1, 1000);
        Assert.InRange(descriptor.Capabilities.MaxInFlight, 1, 4096);
        Assert.InRange(descriptor.Capabilities.SendDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
        Assert.Equal(descriptor.Id, plugin.Descriptor.Id);
        if (descriptor.AddressKind == AddressKinds.ChosenByChannel) Assert.Contains(descriptor.Settings.Fields, f => f is { Name: "addressKind", Type: SettingType.Choice });
    }

    /// <summary>Every field of the form has a label and a name of its own; a secret shows no default.</summary>
    [Fact]
    public void Form_EveryField_HasALabelAndHidesSecrets()
    {
        var fields = CreatePlugin().Descriptor.Settings.Fields;
        Assert.All(fields, f => Assert.NotEmpty(f.Label.English));
        Assert.All(fields.Where(f => f.Secret), f => Assert.Null(f.Default));
        Assert.Distinct(fields.Select(f => f.Name));
    }

    /// <summary>The settings of the tests are in order, as the plugin sees them.</summary>
    [Fact]
    public void Validate_WorkingSettings_FindsNothing()
    {
        using var context = CreateContext(SettingsJson);
        Assert.Empty(CreatePlugin().Validate(context));
    }

    /// <summary>Empty settings are a fault that an administrator can mend, never a bug's exception.</summary>
    [Fact]
    public async Task CreateAsync_EmptySettings_WorksOrSaysWhatToMend()
    {
        await using var plugin = CreatePlugin();
        using var context = CreateContext("{}");
        try
        {
            await using var transport = await plugin.CreateAsync(context, TestContext.Current.CancellationToken);
        }
        catch (TransportConfigurationException e)
        {
            Assert.NotEmpty(e.Message);
        }
    }

    /// <summary>Each message of a batch gets exactly one outcome.</summary>
    [Fact]
    public async Task SendAsync_ProviderAccepts_EveryMessageIsReportedOnce()
    {
        await WithTransportAsync(SettingsJson, async (transport, _) =>
        {
            var count = Math.Min(10, CreatePlugin().Descriptor.Capabilities.MaxBatchSize);
            var outcomes = await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, [.. Enumerable.Range(0, count).Select(Message)]);
            Assert.Equal(count, outcomes.Count);
            Assert.All(outcomes, o => Assert.Equal(SendOutcomeKind.Accepted, o.Kind));
        });
    }

    /// <summary>The host calls from many workers at once.</summary>
    [Fact]
    public async Task SendAsync_ManyAtOnce_EveryMessageIsReported()
    {
        await WithTransportAsync(SettingsJson, async (transport, _) =>
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(i))));
            Assert.All(all, outcomes => Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(outcomes).Kind));
        });
    }

    /// <summary>A batch that is cancelled before it begins ends at once, and sends nothing that it calls accepted.</summary>
    [Fact]
    public async Task SendAsync_CancelledBefore_EndsSoonWithoutAcceptance()
    {
        await WithTransportAsync(SettingsJson, async (transport, _) =>
        {
            var outcomes = new OutcomeList();
            try
            {
                await transport.SendAsync(new MessageBatch([Message(0)], outcomes), new CancellationToken(canceled: true)).WaitAsync(Soon, TestContext.Current.CancellationToken);
            }
            catch (OperationCanceledException)
            {
                // As good as an unreported message.
            }

            Assert.DoesNotContain(outcomes.All, o => o.Kind == SendOutcomeKind.Accepted);
        });
    }

    /// <summary>A provider that can't be reached is surely not sent to, and the recipient is not to blame.</summary>
    [Fact]
    public async Task SendAsync_ProviderUnreachable_IsRetriedLater()
    {
        if (UnreachableSettingsJson is not { } settings) return;
        await WithTransportAsync(settings, async (transport, _) =>
        {
            var outcome = Assert.Single(await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(0)));
            Assert.Equal(SendOutcomeKind.RetryLater, outcome.Kind);
            Assert.Equal(FailureReason.ProviderDown, outcome.Reason);
        });
    }

    /// <summary>No secret of the settings shows in a log line or an outcome.</summary>
    [Fact]
    public async Task Secrets_DuringSends_ShowNowhere()
    {
        var secrets = Secrets();
        foreach (var settings in new[] { SettingsJson, UnreachableSettingsJson }.OfType<string>())
        {
            await WithTransportAsync(settings, async (transport, context) =>
            {
                var outcomes = await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(0));
                var shown = outcomes.Select(o => $"{o.Detail} {o.Code} {string.Join(' ', o.ProviderIds)}").Concat(context.LogLines);
                Assert.All(shown, text => Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal)));
            });
        }
    }

    /// <summary>Dispose ends soon, also right after a send.</summary>
    [Fact]
    public async Task DisposeAsync_AfterASend_EndsSoon()
    {
        await using var plugin = CreatePlugin();
        using var context = CreateContext(SettingsJson);
        var transport = await plugin.CreateAsync(context, TestContext.Current.CancellationToken);
        await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(0));
        await transport.DisposeAsync().AsTask().WaitAsync(Soon, TestContext.Current.CancellationToken);
    }

    /// <summary>After dispose and unload nothing of the plugin is left in memory: no timer, task, registration or cache points to it.</summary>
    [Fact]
    public async Task Unload_AfterASend_LeavesNothingInMemory()
    {
        var collected = await UnloadProbe.IsCollectedAsync(CreatePlugin().GetType(), async plugin =>
        {
            using var context = CreateContext(SettingsJson);
            var transport = await plugin.CreateAsync(context, TestContext.Current.CancellationToken);
            await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(0));
            await transport.DisposeAsync();
        });
        Assert.True(collected, "Something still points to the plugin: look for timers, tasks, event handlers, token registrations and framework caches.");
    }

    private string[] Secrets()
    {
        var names = CreatePlugin().Descriptor.Settings.Fields.Where(f => f.Secret).Select(f => f.Name).ToHashSet();
        using var settings = JsonDocument.Parse(SettingsJson);
        return [.. settings.RootElement.EnumerateObject().Where(p => names.Contains(p.Name) && p.Value.ValueKind == JsonValueKind.String).Select(p => p.Value.GetString()!)];
    }

    private async Task WithTransportAsync(string settings, Func<ITransport, FakeTransportContext, Task> use)
    {
        await using var plugin = CreatePlugin();
        using var context = CreateContext(settings);
        await using var transport = await plugin.CreateAsync(context, TestContext.Current.CancellationToken);
        await use(transport, context);
    }
}
