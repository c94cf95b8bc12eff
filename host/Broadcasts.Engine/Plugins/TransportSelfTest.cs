namespace Broadcasts.Plugins;

/// <summary>What a transport can be asked before it serves, without sending anything.</summary>
internal static class TransportSelfTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What speaks against a trial's transport; null when nothing does. What does not work on the version that serves either is no fault of the new one, and without a channel there is nothing to connect with.
    /// </summary>
    public static async Task<string?> RunAsync(TransportInstance trial, ChannelTransport? serving)
    {
        if (await RefusesWorkAsync(trial) is { } broken) return broken;
        if (serving is null || (trial.Abilities & TransportAbilities.Test) == 0) return null;
        if (await ConnectionAsync(trial) is not { } fault) return null;
        return !serving.CanTest || (await serving.TestAsync(CancellationToken.None)) is { Error: null, Value: null } ? fault : null;
    }

    /// <summary>Hands over a message that is cancelled already: the contract forbids to start anything then. Null when all is well.</summary>
    private static async Task<string?> RefusesWorkAsync(TransportInstance transport)
    {
        var sink = new Sink();
        var message = new OutboundMessage { Id = "self-test", To = "self-test", Content = ContentFor(transport.Info.Capabilities.Content), IsTest = true };
        await transport.SendAsync(new MessageBatch([message], sink), releases: false, new CancellationToken(canceled: true));
        return sink.Outcome is { Kind: SendOutcomeKind.Accepted } ? "it says that it sent a message whose sending was cancelled before it began." : null;
    }

    /// <summary>The transport's own connection test, with the settings of a channel. Null when all is well.</summary>
    private static async Task<string?> ConnectionAsync(TransportInstance transport)
    {
        var answer = await transport.AskAsync<IConnectionTest, SendOutcome>("test its connection", Limit, async (t, token) => await t.TestAsync(token), CancellationToken.None);
        return answer.Error ?? (answer.Value is { } outcome ? outcome.ToString() : null);
    }

    /// <summary>A content of a kind that the transport takes.</summary>
    public static MessageContent ContentFor(ContentKinds kinds) =>
        kinds.HasFlag(ContentKinds.Text) ? new TextContent { Text = "self-test" }
        : kinds.HasFlag(ContentKinds.Email) ? new EmailContent { Subject = "self-test", Text = "self-test" }
        : kinds.HasFlag(ContentKinds.Choices) ? new ChoicesContent { Prompt = "self-test", Options = ["a"] }
        : kinds.HasFlag(ContentKinds.File) ? new FileContent { FileName = "self-test.txt", MediaType = "text/plain", Bytes = "self-test"u8.ToArray() }
        : new TemplateContent { Name = "self_test", Language = "en" };

    private sealed class Sink : IOutcomeSink
    {
        public SendOutcome? Outcome { get; private set; }

        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome) => Outcome = outcome;
    }
}
