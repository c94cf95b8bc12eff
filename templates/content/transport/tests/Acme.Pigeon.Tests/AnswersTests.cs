using System.Net;
using Broadcasts;
using Xunit;

namespace Acme.Pigeon.Tests;

/// <summary>Each answer of the provider, and what it must mean. Add a row for every code of its documentation.</summary>
public sealed class AnswersTests
{
    [Theory]
    [InlineData(200, """{"id": "p1"}""", SendOutcomeKind.Accepted, null)]
    [InlineData(200, "", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(402, "{}", SendOutcomeKind.ChannelFault, FailureReason.Billing)]
    [InlineData(410, "{}", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress)]
    [InlineData(418, "{}", SendOutcomeKind.ContentRejected, FailureReason.Unclassified)]
    [InlineData(503, "{}", SendOutcomeKind.RetryLater, FailureReason.ProviderDown)]
    public void Classify_Answer_MeansThis(int status, string body, SendOutcomeKind kind, FailureReason? reason)
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        var outcome = Answers.Classify(response, body, DateTimeOffset.UnixEpoch, []);
        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason));
    }
}
