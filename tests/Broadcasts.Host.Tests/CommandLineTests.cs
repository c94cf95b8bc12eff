using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>The commands as scripts use them: exit codes, and the one object on standard output.</summary>
public sealed class CommandLineTests
{
    private const string People = "email,first_name\nann@example.com,Ann\nben@example.com,Ben\nann@example.com,Again\nnope,X\n";

    [Theory]
    [InlineData("nonsense")]
    [InlineData("import")]
    [InlineData("import", "/nowhere/people.csv")]
    [InlineData("apikey", "create")]
    [InlineData("apikey", "create", "--name", "x", "--scope", "everything")]
    [InlineData("send", "--contacts", "x")]
    [InlineData("demo", "--rate", "fast")]
    [InlineData("import", "/")]
    [InlineData("import", "/dev/null")]
    [InlineData("import", "/dev/null", "--country", "XYZ")]
    [InlineData("import", "/dev/null", "--tag", "")]
    [InlineData("send", "--contacts", "/dev/null", "--template", "/dev/null", "--channel", "smtp", "--set", "host=a", "--set", "host=b", "--yes")]
    public async Task AnyCommand_WrongUsage_Exits2AndSaysWhy(params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(arguments);
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.NotEmpty(process.Lines);
        Assert.Empty(process.StandardOutput);
    }

    [Fact]
    public async Task Import_Twice_CountsAndChangesNothingTheSecondTime()
    {
        using var folder = new TempFolder();
        var file = await WriteAsync(folder, "people.csv", People);
        var first = await JsonAsync(0, "import", file, "--consent-source", "test", "--data", folder.File("data"), "--json");
        Assert.Equal("""{"created":2,"updated":0,"unchanged":0,"duplicate":1,"invalid":1}""", first.ToString());
        var second = await JsonAsync(0, "import", file, "--consent-source", "test", "--data", folder.File("data"), "--json");
        Assert.Equal((0, 2), (second.GetProperty("created").GetInt32(), second.GetProperty("unchanged").GetInt32()));
    }

    [Fact]
    public async Task Import_DryRunPurposeAndBlanks_DoWhatTheySay()
    {
        using var folder = new TempFolder();
        var data = folder.File("data");
        var file = await WriteAsync(folder, "people.csv", "email,first name\nann@example.com,Ann\n");
        await using (var trial = ProcessUnderTest.Start(["import", file, "--data", data, "--dry-run"]))
        {
            await trial.AssertExitCodeAsync(0, RunningBroadcasts.Long);
            Assert.Contains(trial.Lines, l => l.Contains("Nobody is written. It would be: 1 created", StringComparison.Ordinal));
        }

        Assert.Equal(1, (await JsonAsync(0, "import", file, "--consent-source", "test", "--data", data, "--json", "--purpose", "update")).GetProperty("invalid").GetInt32());
        Assert.Equal(1, (await JsonAsync(0, "import", file, "--data", data, "--json", "--purpose", "add", "--identifier", "email", "--consent-source", "shop")).GetProperty("created").GetInt32());
        var blank = await WriteAsync(folder, "blank.csv", "email,first name\nann@example.com,\n");
        Assert.Equal(1, (await JsonAsync(0, "import", blank, "--consent-source", "test", "--data", data, "--json")).GetProperty("unchanged").GetInt32());
        Assert.Equal(1, (await JsonAsync(0, "import", blank, "--consent-source", "test", "--data", data, "--json", "--overwrite-with-blank")).GetProperty("updated").GetInt32());
    }

    [Fact]
    public async Task Import_WithoutAnAddressColumn_Exits1()
    {
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(["import", await WriteAsync(folder, "x.csv", "colour\nred\n"), "--consent-source", "test", "--data", folder.File("data"), "--json"]);
        await process.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Empty(process.StandardOutput);
    }

    [Fact]
    public async Task Import_SomeRowsAreInvalid_NamesThem()
    {
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(["import", await WriteAsync(folder, "people.csv", People), "--consent-source", "test", "--data", folder.File("data")]);
        await process.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.Contains("row 5, email 'nope':", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Import_FromAPipe_IsRead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Pipes are no files there.");
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(["import", "/dev/stdin", "--consent-source", "test", "--data", folder.File("data")]);
        await process.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.Contains("The file is empty", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Import_AskedToStop_SaysHowFarItCame()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using var folder = new TempFolder();
        var rows = string.Concat(Enumerable.Range(0, 400_000).Select(i => $"p{i}@example.com\n"));
        await using var process = ProcessUnderTest.Start(["import", await WriteAsync(folder, "people.csv", "email\n" + rows), "--consent-source", "test", "--data", folder.File("data")]);
        await process.WaitForLineAsync(" rows, ", RunningBroadcasts.Long);
        process.Terminate();
        await process.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.Contains(" created", StringComparison.Ordinal));
        Assert.Contains(process.Lines, l => l.StartsWith("Stopped after", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Hello {{ contact.first_name", "--template: line 1, column 7")]
    [InlineData("{% if x %}Hello", "--template: line 1, column 1")]
    [InlineData("", "--template: An e-mail needs a text")]
    public async Task Send_TemplateThatCannotBeRead_Exits2BeforeAnythingIsImported(string template, string message)
    {
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(
        [
            "send", "--contacts", await WriteAsync(folder, "people.csv", People), "--channel", "filedrop", "--subject", "Hi",
            "--template", await WriteAsync(folder, "hello.txt", template), "--data", folder.File("data"), "--yes",
        ]);
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.StartsWith(message, StringComparison.Ordinal));
        Assert.DoesNotContain(process.Lines, l => l.StartsWith("Contacts:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Send_TemplateInAnotherEncoding_Exits2()
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder.File("hello.txt"), [(byte)'H', 0xE9], TestContext.Current.CancellationToken);
        await using var process = ProcessUnderTest.Start(
            ["send", "--contacts", await WriteAsync(folder, "people.csv", People), "--channel", "filedrop", "--template", folder.File("hello.txt"), "--data", folder.File("data"), "--yes"]);
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.Contains("is not UTF-8", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Send_NobodyListens_SaysWhyItWaitsAndStopsWhenAsked()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(
        [
            "send", "--contacts", await WriteAsync(folder, "people.csv", People), "--channel", "smtp", "--set", "host=127.0.0.1", "--set", $"port={FreePort.Next()}",
            "--from", "news@example.com", "--subject", "Hi", "--template", await WriteAsync(folder, "hello.txt", "Hello"), "--data", folder.File("data"), "--yes",
        ]);
        Assert.Contains("providerDown", await process.WaitForLineAsync("Waiting to try again", RunningBroadcasts.Long), StringComparison.Ordinal);
        process.Terminate();
        await process.AssertExitCodeAsync(1, RunningBroadcasts.Long);
    }

    [Fact]
    public async Task Demo_Running_PrintsOneLinkAndStopsWhenAsked()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using var folder = new TempFolder();
        await using var process = ProcessUnderTest.Start(["demo", "--contacts", "50", "--data", folder.File("demo"), "--urls", $"http://127.0.0.1:{FreePort.Next()}"]);
        await process.WaitForLineAsync("Ctrl-C ends the demo", RunningBroadcasts.Long);
        Assert.Single(process.Lines, l => l.Contains("/link/", StringComparison.Ordinal) || l.Contains("/welcome/", StringComparison.Ordinal));
        process.Terminate();
        await process.AssertExitCodeAsync(0, RunningBroadcasts.Long);
    }

    [Fact]
    public async Task Commands_WhileAServiceRuns_GoThroughItAndSendRefuses()
    {
        await using var service = new RunningBroadcasts();
        await service.InitializeAsync();
        using var folder = new TempFolder();
        var file = await WriteAsync(folder, "people.csv", People);
        var counts = await JsonAsync(0, "import", file, "--consent-source", "test", "--data", service.Data, "--json");
        Assert.Equal(2, counts.GetProperty("created").GetInt32());
        Assert.Equal(2, (await service.GetAsync("/api/v1/contacts")).GetProperty("items").GetArrayLength());

        await using (var user = ProcessUnderTest.Start(["user", "add", "--email", "ana@example.com", "--role", "Owner", "--data", service.Data]))
        {
            await user.AssertExitCodeAsync(0, RunningBroadcasts.Long);
            Assert.Contains("/link/", Assert.Single(user.StandardOutput), StringComparison.Ordinal);
        }

        await using var send = ProcessUnderTest.Start(["send", "--contacts", file, "--channel", "filedrop", "--template", file, "--yes", "--data", service.Data]);
        await send.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains("/api/v1/broadcasts", string.Join('\n', send.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_ToASimulatorThatRefusesSome_Exits1AndTellsWhy()
    {
        using var folder = new TempFolder();
        string[] arguments =
        [
            "send", "--contacts", await WriteAsync(folder, "people.csv", People), "--channel", "simulator", "--set", "addressKind=email", "--set", "invalidPercent=100", "--set", "receipts=false",
            "--subject", "Hi", "--template", await WriteAsync(folder, "hello.txt", "Hello {{ contact.first_name }}"), "--data", folder.File("data"),
        ];
        await using (var unasked = ProcessUnderTest.Start(arguments)) await unasked.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        var result = await JsonAsync(1, [.. arguments, "--yes", "--json"]);
        Assert.Equal("""{"recipients":2,"sent":0,"failed":2,"skipped":0,"unknown":0,"reasons":{"failed":{"invalidAddress":2},"skipped":{}}}""", result.ToString());
    }

    [Fact]
    public async Task Send_AnotherMessage_IsANewBroadcastAndSaysSo()
    {
        using var folder = new TempFolder();
        var people = await WriteAsync(folder, "people.csv", People);
        await JsonAsync(0, Arguments("one"));
        await using (var again = ProcessUnderTest.Start([.. Arguments("one"), "--rate", "5/s"]))
        {
            await again.AssertExitCodeAsync(0, RunningBroadcasts.Long);
            Assert.Contains(again.Lines, l => l.Contains("Broadcast 1 is known", StringComparison.Ordinal));
        }

        await using var changed = ProcessUnderTest.Start(Arguments("two"));
        await changed.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        Assert.Contains(changed.Lines, l => l.Contains("Broadcast 2 is new", StringComparison.Ordinal) && l.Contains("broadcast 1", StringComparison.Ordinal));

        string[] Arguments(string text)
        {
            File.WriteAllText(folder.File("text.txt"), text);
            return ["send", "--contacts", people, "--channel", "simulator", "--set", "addressKind=email", "--set", "receipts=false", "--subject", "Hi", "--template", folder.File("text.txt"), "--data", folder.File("data"), "--yes", "--json"];
        }
    }

    [Fact]
    public async Task Demo_Headless_RunsItsBroadcastToTheEnd()
    {
        using var folder = new TempFolder();
        var result = await JsonAsync(0, "demo", "--headless", "--data", folder.File("demo"), "--contacts", "300", "--rate", "1000/s", "--json");
        Assert.Equal(300, result.GetProperty("recipients").GetInt32());
        Assert.Equal(300, result.GetProperty("sent").GetInt32() + result.GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task Demo_InADirectoryThatIsNone_Refuses()
    {
        using var folder = new TempFolder();
        await WriteAsync(folder, "precious.txt", "x");
        await using var process = ProcessUnderTest.Start(["demo", "--headless", "--data", folder.Path]);
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.True(File.Exists(folder.File("precious.txt")));
    }

    internal static async Task<string> WriteAsync(TempFolder folder, string name, string text)
    {
        await File.WriteAllTextAsync(folder.File(name), text, TestContext.Current.CancellationToken);
        return folder.File(name);
    }

    internal static async Task<JsonElement> JsonAsync(int exitCode, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(arguments);
        await process.AssertExitCodeAsync(exitCode, RunningBroadcasts.Long);
        return JsonSerializer.Deserialize<JsonElement>(Assert.Single(process.StandardOutput));
    }
}
