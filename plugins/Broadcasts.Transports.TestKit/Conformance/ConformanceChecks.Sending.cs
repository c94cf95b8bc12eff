namespace Broadcasts.TestKit;

internal static partial class ConformanceChecks
{
    private const int AtOnce = 100;

    private static Task<CheckResult> ReportsOnceAsync(ConformanceSubject subject, CancellationToken cancellationToken) => subject.WithTransportAsync(subject.SettingsJson, null, async (transport, _) =>
    {
        var count = Math.Min(10, subject.CreatePlugin().Descriptor.Capabilities.MaxBatchSize);
        var outcomes = await OutcomeList.SendAsync(transport, cancellationToken, [.. Enumerable.Range(0, count).Select(subject.Message)]).ConfigureAwait(false);
        return CheckResult.Of(outcomes.Count != count ? $"Of {count} messages {outcomes.Count} were reported. What is not reported is in doubt." : NotAccepted(subject, outcomes));
    }, cancellationToken);

    private static Task<CheckResult> ParallelAsync(ConformanceSubject subject, CancellationToken cancellationToken) => subject.WithTransportAsync(subject.SettingsJson, null, async (transport, _) =>
    {
        var all = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => OutcomeList.SendAsync(transport, cancellationToken, subject.Message(i)))).ConfigureAwait(false);
        var outcomes = all.SelectMany(o => o).ToList();
        return CheckResult.Of(outcomes.Count != AtOnce ? $"Of {AtOnce} messages at once {outcomes.Count} were reported." : NotAccepted(subject, outcomes));
    }, cancellationToken);

    private static string? NotAccepted(ConformanceSubject subject, IEnumerable<SendOutcome> outcomes) =>
        subject.ProviderAccepts && outcomes.FirstOrDefault(o => o.Kind != SendOutcomeKind.Accepted) is { } other ? $"The provider takes everything, and the transport said: {other}" : null;

    private static Task<CheckResult> CancelledBeforeAsync(ConformanceSubject subject, CancellationToken cancellationToken) => subject.WithTransportAsync(subject.SettingsJson, null, async (transport, _) =>
    {
        var outcomes = new OutcomeList();
        var ended = await EndsSoonAsync(transport.SendAsync(new MessageBatch([subject.Message(0)], outcomes), new CancellationToken(canceled: true)), cancellationToken).ConfigureAwait(false);
        return CheckResult.Of(
            !ended ? $"It did not end within {Soon.TotalSeconds} s."
            : outcomes.All.Any(o => o.Kind == SendOutcomeKind.Accepted) ? "It sent a message whose sending was cancelled before it began." : null);
    }, cancellationToken);

    private static async Task<CheckResult> CancelledDuringAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Silent();
        return await subject.WithTransportAsync(subject.SettingsJson, provider, async (transport, _) =>
        {
            var outcomes = new OutcomeList();
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var sending = transport.SendAsync(new MessageBatch([subject.Message(0)], outcomes), cancel.Token);
            await Task.WhenAny(provider.Called.Task, sending).ConfigureAwait(false);
            if (provider.Requests == 0) return NoHttp;
            await cancel.CancelAsync().ConfigureAwait(false);
            return CheckResult.Of(
                !await EndsSoonAsync(sending, cancellationToken).ConfigureAwait(false) ? $"It did not end within {Soon.TotalSeconds} s of its cancellation: pass the token on to every call."
                : outcomes.All.Any(o => o.Kind is SendOutcomeKind.Accepted or SendOutcomeKind.RetryLater) ? $"The request was written, and it said: {outcomes.All[0]} That is in doubt."
                : null);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<CheckResult> UnreachableAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        if (subject.UnreachableSettingsJson is { } settings)
        {
            return await subject.WithTransportAsync(settings, null, async (transport, _) =>
                Expect(Only(await OutcomeList.SendAsync(transport, cancellationToken, subject.Message(0)).ConfigureAwait(false)), "Nothing was sent.", SendOutcomeKind.RetryLater), cancellationToken).ConfigureAwait(false);
        }

        using var provider = ScriptedProvider.Failing(HttpRequestError.ConnectionError, "Connection refused");
        return await SaysAsync(subject, provider, "Nothing was sent.", cancellationToken, SendOutcomeKind.RetryLater).ConfigureAwait(false);
    }

    private static async Task<CheckResult> ThrottledAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Answering(429, "{}", ("Retry-After", "7"));
        return await WaitsAsync(subject, provider, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<CheckResult> ThrottledDateAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        // A date has whole seconds: half a second is lost on the way at most.
        using var provider = ScriptedProvider.Answering(429, "{}", ("Retry-After", TimeProvider.System.GetUtcNow().AddSeconds(7.5).ToString("R", null)));
        return await WaitsAsync(subject, provider, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<CheckResult> WaitsAsync(ConformanceSubject subject, ScriptedProvider provider, CancellationToken cancellationToken)
    {
        if (await subject.SendToAsync(provider, cancellationToken).ConfigureAwait(false) is not var (outcome, context)) return NoHttp;
        if (Expect(outcome, "HTTP 429: nothing was sent.", SendOutcomeKind.Throttled) is { End: CheckEnd.Failed } other) return other;
        var wait = outcome!.Until - context.Time.GetUtcNow();
        return CheckResult.Of(wait is { TotalSeconds: > 4 and < 9 } ? null : $"The provider said 'Retry-After: 7', and the outcome waits {(wait is { } w ? $"{w.TotalSeconds:0.#} s" : "for no time of its own")}.");
    }

    private static async Task<CheckResult> CredentialsAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Answering(401, "{}");
        return await SaysAsync(subject, provider, "HTTP 401: the channel needs a person.", cancellationToken, SendOutcomeKind.ChannelFault).ConfigureAwait(false);
    }

    private static async Task<CheckResult> ServerErrorAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Answering(500, "<html>oops</html>");
        return await SaysAsync(subject, provider, "HTTP 500 with a page: nobody knows whether it was sent.", cancellationToken, SendOutcomeKind.InDoubt, SendOutcomeKind.RetryLater).ConfigureAwait(false);
    }

    private static async Task<CheckResult> LostAnswerAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Failing(HttpRequestError.ResponseEnded, "The response ended prematurely.");
        return await SaysAsync(subject, provider, "The request was written and the answer was lost.", cancellationToken, SendOutcomeKind.InDoubt).ConfigureAwait(false);
    }

    private static async Task<CheckResult> UnreadableAnswerAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Answering(200, "<html>welcome</html>");
        return await SaysAsync(subject, provider, "HTTP 200 with a page: it may have been sent.", cancellationToken, SendOutcomeKind.InDoubt, SendOutcomeKind.Accepted).ConfigureAwait(false);
    }

    private static async Task<CheckResult> UnknownRefusalAsync(ConformanceSubject subject, CancellationToken cancellationToken)
    {
        using var provider = ScriptedProvider.Answering(400, """{"error":{"code":987654321,"message":"never heard of"}}""");
        if (await subject.SendToAsync(provider, cancellationToken).ConfigureAwait(false) is not var (outcome, _)) return NoHttp;
        return CheckResult.Of(
            outcome is null ? "It was not reported."
            : outcome.Suppress ? "It suppresses the address for an answer that nobody knows."
            : outcome.Kind is SendOutcomeKind.Accepted ? "It calls a refusal accepted." : null);
    }

    private static async Task<CheckResult> SaysAsync(ConformanceSubject subject, ScriptedProvider provider, string what, CancellationToken cancellationToken, params SendOutcomeKind[] right) =>
        await subject.SendToAsync(provider, cancellationToken).ConfigureAwait(false) is var (outcome, _) ? Expect(outcome, what, right) : NoHttp;

    private static CheckResult Expect(SendOutcome? outcome, string what, params SendOutcomeKind[] right) => CheckResult.Of(
        outcome is null ? $"{what} It was not reported."
        : outcome.Suppress ? $"{what} It suppresses the address: {outcome}"
        : right.Contains(outcome.Kind) ? null
        : $"{what} It must be {string.Join(" or ", right)}, and is: {outcome}");

    private static SendOutcome? Only(IReadOnlyList<SendOutcome> outcomes) => outcomes.Count == 1 ? outcomes[0] : null;

    private static CheckResult NoHttp { get; } = CheckResult.NotApplicable("The transport asked for no HTTP client.");

    private static async Task<bool> EndsSoonAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(Soon, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            return false;
        }
        catch (OperationCanceledException) when (task.IsCanceled)
        {
            // As good as an unreported message.
        }

        return true;
    }
}
