using Xunit;

namespace Broadcasts.TestKit;

/// <summary>Derive one class per transport. Every inherited test must pass before a host should be given the transport.</summary>
/// <remarks>
/// Give a fake provider on loopback that accepts everything; the kit itself plays a provider that throttles, fails, falls silent and tells secrets back to transports that use the host's HTTP client.
/// The refusals of your provider belong in tests of your own, by table. <c>broadcasts plugin test PACKAGE</c> makes the same checks of a built package.
/// </remarks>
public abstract class TransportConformanceTests
{
    /// <summary>A fresh instance of the plugin.</summary>
    protected abstract ITransportPlugin CreatePlugin();

    /// <summary>Settings with which a message is accepted. Secrets should be long and unmistakable: the tests look for them where they must not be.</summary>
    protected abstract string SettingsJson { get; }

    /// <summary>Settings whose provider can't be reached, such as a closed port on loopback; null when the transport uses the host's HTTP client, or no network.</summary>
    protected virtual string? UnreachableSettingsJson => null;

    /// <summary>A message that the fake provider accepts. Number 0 must need one call of the provider and no more: what it means when that call fails is checked on it. Others may carry files.</summary>
    protected virtual OutboundMessage Message(int number) =>
        new() { Id = $"conformance-{number}", To = "someone@example.org", Content = new TextContent { Text = $"Hello {number}" } };

    /// <summary>The context of one test.</summary>
    protected virtual FakeChannelContext CreateContext(string settingsJson) => new(settingsJson);

    /// <summary>A webhook request as your provider would sign it for these settings; null when the transport takes none.</summary>
    protected virtual WebhookRequest? GenuineWebhook(ChannelContext context) => null;

    /// <summary>The assembly names its entry point and the contract that it was built for; the host reads both before it loads anything.</summary>
    [Fact]
    public Task Assembly_OfThePlugin_NamesEntryPointAndContract() => PassesAsync("entry-point");

    /// <summary>The descriptor is complete, within the contract's limits, and the same each time.</summary>
    [Fact]
    public Task Descriptor_Always_IsCompleteAndStable() => PassesAsync("descriptor");

    /// <summary>Every field of the form has a label and a name of its own; a secret shows no default.</summary>
    [Fact]
    public Task Form_EveryField_HasALabelAndHidesSecrets() => PassesAsync("form");

    /// <summary>The settings of the tests are in order, as the plugin sees them.</summary>
    [Fact]
    public Task Validate_WorkingSettings_FindsNothing() => PassesAsync("settings-work");

    /// <summary>Missing settings are a fault that an administrator can mend, never a bug's exception.</summary>
    [Fact]
    public Task CreateAsync_SettingsAreMissing_WorksOrSaysWhatToMend() => PassesAsync("settings-missing");

    /// <summary>Each message of a batch gets exactly one outcome.</summary>
    [Fact]
    public Task SendAsync_ProviderAccepts_EveryMessageIsReportedOnce() => PassesAsync("reports-once");

    /// <summary>The host calls from many workers at once.</summary>
    [Fact]
    public Task SendAsync_ManyAtOnce_EveryMessageIsReported() => PassesAsync("parallel");

    /// <summary>A batch that is cancelled before it begins ends at once, and sends nothing.</summary>
    [Fact]
    public Task SendAsync_CancelledBefore_EndsSoonWithoutAcceptance() => PassesAsync("cancelled-before");

    /// <summary>A call that hangs ends when it is cancelled; a message that was written is in doubt then.</summary>
    [Fact]
    public Task SendAsync_CancelledWhileTheProviderIsSilent_EndsSoonInDoubt() => PassesAsync("cancelled-during");

    /// <summary>A provider that can't be reached is surely not sent to, and the recipient is not to blame.</summary>
    [Fact]
    public Task SendAsync_ProviderUnreachable_IsRetriedLater() => PassesAsync("unreachable");

    /// <summary>HTTP 429 with Retry-After in seconds.</summary>
    [Fact]
    public Task SendAsync_TooManyRequests_WaitsAsLongAsTheProviderSays() => PassesAsync("throttled");

    /// <summary>HTTP 429 with Retry-After as a date.</summary>
    [Fact]
    public Task SendAsync_TooManyRequests_WaitsUntilTheProvidersDate() => PassesAsync("throttled-date");

    /// <summary>HTTP 401 needs a person; it never fails recipients one by one.</summary>
    [Fact]
    public Task SendAsync_CredentialsRefused_StopsTheChannel() => PassesAsync("credentials");

    /// <summary>HTTP 500 with a page says nothing of the message.</summary>
    [Fact]
    public Task SendAsync_ServerError_IsInDoubtOrRetried() => PassesAsync("server-error");

    /// <summary>A connection that is lost after the request was written.</summary>
    [Fact]
    public Task SendAsync_AnswerLost_IsInDoubt() => PassesAsync("lost-answer");

    /// <summary>HTTP 200 with a page may have been an acceptance.</summary>
    [Fact]
    public Task SendAsync_AnswerUnreadable_IsNeverSentAgainByItself() => PassesAsync("unreadable-answer");

    /// <summary>An unknown refusal is about this message; it never suppresses an address.</summary>
    [Fact]
    public Task SendAsync_RefusalNobodyKnows_BlamesNoAddress() => PassesAsync("unknown-refusal");

    /// <summary>No secret of the settings shows in a log line or an outcome.</summary>
    [Fact]
    public Task Secrets_WhateverTheProviderAnswers_ShowNowhere() => PassesAsync("secrets");

    /// <summary>A webhook that proves nothing is refused and nothing of it is believed.</summary>
    [Fact]
    public Task ReceiveAsync_WithoutProof_IsRefused() => PassesAsync("webhook-unsigned");

    /// <summary>Signatures cover the raw bytes.</summary>
    [Fact]
    public Task ReceiveAsync_OneByteChanged_IsRefused() => PassesAsync("webhook-altered");

    /// <summary>Garbage is an answer, not an exception.</summary>
    [Fact]
    public Task ReceiveAsync_Garbage_IsAnswered() => PassesAsync("webhook-garbage");

    /// <summary>Dispose ends soon, also right after a send.</summary>
    [Fact]
    public Task DisposeAsync_AfterASend_EndsSoon() => PassesAsync("dispose");

    /// <summary>After dispose and unload nothing of the plugin is left in memory: no timer, task, registration or cache points to it.</summary>
    [Fact]
    public Task Unload_AfterASend_LeavesNothingInMemory() => PassesAsync("unload");

    private async Task PassesAsync(string check)
    {
        var result = await ConformanceChecks.RunAsync(ConformanceChecks.Of(check), new ConformanceSubject
        {
            CreatePlugin = CreatePlugin,
            AssemblyPath = CreatePlugin().GetType().Assembly.Location,
            SettingsJson = SettingsJson,
            UnreachableSettingsJson = UnreachableSettingsJson,
            CreateContext = (settings, http) => http is null ? CreateContext(settings) : new FakeChannelContext(settings) { Http = http },
            Message = Message,
            GenuineWebhook = GenuineWebhook,
            ProviderAccepts = true,
        }, TestContext.Current.CancellationToken);
        Assert.False(result.End == CheckEnd.Failed, result.Why);
    }
}
