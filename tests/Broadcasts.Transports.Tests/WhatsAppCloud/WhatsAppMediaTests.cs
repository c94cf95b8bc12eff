using System.Text;
using Broadcasts.TestKit;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppMediaTests : WhatsAppTests
{
    private int _uploads;

    [Theory]
    [InlineData("image/png", "caption", """{"type":"image","image":{"id":"m-1","caption":"caption"}}""")]
    [InlineData("image/jpeg", null, """{"type":"image","image":{"id":"m-1"}}""")]
    [InlineData("image/webp", null, """{"type":"sticker","sticker":{"id":"m-1"}}""")]
    [InlineData("image/webp", "caption", """{"type":"document","document":{"id":"m-1","caption":"caption","filename":"a b.x"}}""")]
    [InlineData("video/mp4", "caption", """{"type":"video","video":{"id":"m-1","caption":"caption"}}""")]
    [InlineData("audio/ogg; codecs=opus", null, """{"type":"audio","audio":{"id":"m-1"}}""")]
    [InlineData("audio/mpeg", "caption", """{"type":"document","document":{"id":"m-1","caption":"caption","filename":"a b.x"}}""")]
    [InlineData("Application/PDF", null, """{"type":"document","document":{"id":"m-1","filename":"a b.x"}}""")]
    public async Task SendAsync_File_IsUploadedAndNamedByItsId(string type, string? caption, string expected)
    {
        AnswerUploads();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(File(type, caption, name: "a b.x"))).Kind);

        var sent = Json(Sends().Single().Body);
        var kind = sent.GetProperty("type").GetString()!;
        Assert.Equal(expected, $$"""{"type":"{{kind}}","{{kind}}":{{sent.GetProperty(kind).GetRawText()}}}""");
    }

    [Fact]
    public async Task SendAsync_File_IsUploadedAsAForm()
    {
        AnswerUploads();
        await SendAsync(new FileContent { FileName = "menú \"1\".pdf", MediaType = "application/pdf", Bytes = "%PDF-1.7"u8.ToArray() });

        var upload = Server.Requests.First();
        var form = Encoding.UTF8.GetString(upload.Body);
        Assert.Equal($"POST /v25.0/{Number}/media HTTP/1.1", upload.Line);
        Assert.Equal($"Bearer {Token}", upload.Headers["Authorization"]);
        Assert.StartsWith("multipart/form-data; boundary=broadcasts-", upload.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Contains("name=\"messaging_product\"\r\n\r\nwhatsapp\r\n", form, StringComparison.Ordinal);
        Assert.Contains("name=\"type\"\r\n\r\napplication/pdf\r\n", form, StringComparison.Ordinal);
        Assert.Contains("name=\"file\"; filename=\"men___1_.pdf\"", form, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\n%PDF-1.7\r\n", form, StringComparison.Ordinal);
        Assert.Equal("menú \"1\".pdf", Json(Sends().Single().Body).GetProperty("document").GetProperty("filename").GetString());
    }

    [Fact]
    public async Task SendAsync_SameFileToManyAtOnce_IsUploadedOnce()
    {
        AnswerUploads();
        var transport = await OpenAsync();
        var file = File();
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(file))));

        Assert.All(all, o => Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(o).Kind));
        Assert.Equal((1, 20), (_uploads, Sends().Count()));
    }

    [Fact]
    public async Task SendAsync_EqualBytesOfAnotherType_AreUploadedAgainAndEqualOnesAreNot()
    {
        AnswerUploads();
        await SendAsync(File(size: 5));
        await SendAsync(File(size: 5, name: "other.png", caption: "other"));
        await SendAsync(File("application/pdf", size: 5));
        await SendAsync(File(size: 6));
        Assert.Equal(3, _uploads);
    }

    [Fact]
    public async Task SendAsync_IdGrowsOld_IsUploadedAgain()
    {
        AnswerUploads();
        var file = File();
        await SendAsync(file);
        Time.Advance(TimeSpan.FromDays(24));
        await SendAsync(file);
        Assert.Equal(1, _uploads);
        Time.Advance(TimeSpan.FromDays(1));
        await SendAsync(file);
        Assert.Equal(2, _uploads);
    }

    [Fact]
    public async Task SendAsync_MoreFilesThanAreKept_TheOldestIsUploadedAgain()
    {
        AnswerUploads();
        for (var size = 1; size <= 65; size++)
        {
            await SendAsync(File(size: size));
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        await SendAsync(File(size: 65));
        Assert.Equal(65, _uploads);
        await SendAsync(File(size: 1));
        Assert.Equal(66, _uploads);
    }

    [Theory]
    [InlineData(131052)]
    [InlineData(131053)]
    public async Task SendAsync_MetaCanNotUseTheFile_TheNextAttemptUploadsItAgain(int code)
    {
        AnswerUploads(message: Error(400, code));
        var file = File();
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.MediaRejected), await SendAsync(file) is var o ? (o.Kind, o.Reason!.Value) : default);

        AnswerUploads();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(file, attempt: 2)).Kind);
        Assert.Equal(2, _uploads);
    }

    [Fact]
    public async Task ReceiveAsync_MessageFailsForItsFileMuchLater_TheFileIsUploadedAgain()
    {
        AnswerUploads();
        var file = File();
        await SendAsync(file);
        Time.Advance(TimeSpan.FromMinutes(59));
        await EventsAsync("messages", OfNumber("""  "statuses":[{"id":"wamid.1","status":"failed","timestamp":"1772366400","errors":[{"code":131053,"title":"t"}]}]"""));
        await SendAsync(file);
        Assert.Equal(1, _uploads);

        Time.Advance(TimeSpan.FromMinutes(2));
        await EventsAsync("messages", OfNumber("""  "statuses":[{"id":"wamid.2","status":"failed","timestamp":"1772366400","errors":[{"code":131053,"title":"t"}]}]"""));
        await SendAsync(file);
        Assert.Equal(2, _uploads);
    }

    public static TheoryData<string, SendOutcomeKind, FailureReason> FailedUploads => new()
    {
        { "HANGUP", SendOutcomeKind.RetryLater, FailureReason.ConnectionLost },
        { FakeHttpServer.Of(200, "<html></html>"), SendOutcomeKind.RetryLater, FailureReason.UnreadableAnswer },
        { FakeHttpServer.Of(200, "{}"), SendOutcomeKind.RetryLater, FailureReason.UnreadableAnswer },
        { FakeHttpServer.Of(502, "<html></html>"), SendOutcomeKind.RetryLater, FailureReason.ProviderError },
        { Error(400, 100), SendOutcomeKind.ContentRejected, FailureReason.MediaRejected },
        { Error(400, 131053), SendOutcomeKind.RetryLater, FailureReason.MediaRejected },
        { Error(200, 131053), SendOutcomeKind.RetryLater, FailureReason.MediaRejected },
        { Error(401, 190), SendOutcomeKind.ChannelFault, FailureReason.Credentials },
        { Error(400, 80007), SendOutcomeKind.Throttled, FailureReason.Throttled },
        { FakeHttpServer.Of(413, ""), SendOutcomeKind.ContentRejected, FailureReason.TooLarge },
    };

    /// <summary>A failed upload is never in doubt: no message was sent.</summary>
    [Theory]
    [MemberData(nameof(FailedUploads))]
    public async Task SendAsync_UploadFails_NoMessageIsSentAndTheNextTriesAgain(string response, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Respond = _ => response;
        var file = File();
        var outcome = await SendAsync(file);
        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
        Assert.Empty(Sends());

        AnswerUploads();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(file)).Kind);
    }

    [Fact]
    public async Task SendAsync_UploadTakesTooLong_EveryoneWaitingIsRetriedLater()
    {
        Server.Respond = _ => "SILENCE";
        var transport = await OpenAsync();
        var file = File();
        var sending = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(file))));
        while (Server.Requests.IsEmpty) await Task.Yield();
        Time.Advance(TimeSpan.FromSeconds(91));

        Assert.All(await sending, o => Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.TimedOut), (o[0].Kind, o[0].Reason!.Value)));
        Assert.Single(Server.Requests);
    }

    private IEnumerable<FakeRequest> Sends() => Server.Requests.Where(r => r.Line.Contains("/messages ", StringComparison.Ordinal));

    private void AnswerUploads(string? message = null) => Server.Respond = request =>
        request.Line.Contains("/media ", StringComparison.Ordinal) ? FakeHttpServer.Of(200, $$"""{"id":"m-{{Interlocked.Increment(ref _uploads)}}"}""") : message ?? Accepted();
}
