using System.Text.Json;
using Broadcasts.TestKit;
using Broadcasts.Transports.FileDrop;
using Xunit;

namespace Broadcasts.Transports;

public sealed class FileDropTransportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SendAsync_Repeat_ReplacesItsOwnFile()
    {
        await SendAsync("json", Message("first"));
        var outcome = await SendAsync("json", Message("second"));

        Assert.Equal((SendOutcomeKind.Accepted, "d-1.json"), (outcome.Kind, outcome.ProviderIds[0]));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_folder)), TestContext.Current.CancellationToken));
        Assert.Equal("second", json.RootElement.GetProperty("content").GetProperty("text").GetString());
    }

    [Fact]
    public async Task SendAsync_Eml_IsAMailWithoutInjectedHeaders()
    {
        var email = new EmailContent { Subject = "Ofertas de otoño\r\nBcc: victim@example.org", Text = "hola", Html = "<b>hola</b>", From = "News <news@example.org>" };
        await SendAsync("eml", new OutboundMessage { Id = "d-2", To = "ana@example.org", ToName = "Ana", Content = email });
        var mail = await File.ReadAllTextAsync(Path.Combine(_folder, "d-2.eml"), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("\nBcc:", mail, StringComparison.Ordinal);
        Assert.Contains("To: Ana <ana@example.org>", mail, StringComparison.Ordinal);
        Assert.Contains("multipart/alternative", mail, StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String("<b>hola</b>"u8), mail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_IdWithAPathInIt_StaysInTheFolder()
    {
        var outcome = await SendAsync("text", new OutboundMessage { Id = "../../etc/x", To = "a", Content = new TextContent { Text = "hi" } });
        Assert.Equal(SendOutcomeKind.Accepted, outcome.Kind);
        Assert.Single(Directory.GetFiles(_folder, "*.txt"));
    }

    [Fact]
    public async Task SendAsync_FolderIsAFile_PausesTheChannel()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        var outcome = await SendAsync("json", Message("x"), Path.Combine(file, "outbox"));
        Assert.Equal(SendOutcomeKind.ChannelFault, outcome.Kind);
    }

    [Theory]
    [InlineData(28)]
    [InlineData(122)]
    [InlineData(unchecked((int)0x80070070))]
    public void Classify_DiskFull_PausesTheChannelAndBlamesNobody(int code)
    {
        var outcome = FileFault.Classify(new IOException("No space left on device", code), "/srv/outbox");
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.StorageFull), (outcome.Kind, outcome.Reason!.Value));
    }

    [Fact]
    public async Task LookupAsync_FileIsThere_IsFound_OtherwiseItCantSay()
    {
        await using var transport = await OpenAsync("json", _folder);
        await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message("x"));
        var lookup = (IDeliveryLookup)transport;
        Assert.True((await lookup.LookupAsync(Asked("d-1"), TestContext.Current.CancellationToken))!.Found);
        Assert.Null(await lookup.LookupAsync(Asked("d-9"), TestContext.Current.CancellationToken));
    }

    private async Task<SendOutcome> SendAsync(string format, OutboundMessage message, string? folder = null)
    {
        await using var transport = await OpenAsync(format, folder ?? _folder);
        return Assert.Single(await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, message));
    }

    private static async Task<ITransport> OpenAsync(string format, string folder)
    {
        using var context = new FakeChannelContext(JsonSerializer.Serialize(new Dictionary<string, string> { ["format"] = format, ["folder"] = folder }));
        return await new FileDropPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
    }

    private static OutboundMessage Message(string text) => new() { Id = "d-1", To = "ana@example.org", Content = new TextContent { Text = text } };

    private static LookupRequest Asked(string id) => new() { MessageId = id, To = "someone", DoubtfulSince = TimeProvider.System.GetUtcNow() };
}
