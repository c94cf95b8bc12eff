using Xunit;

namespace Broadcasts.Plugins;

public sealed class SettingsValidatorTests
{
    private static readonly SettingField[] Form =
    [
        new() { Name = "host", Type = SettingType.Text, Label = "Server", Required = true, MaxLength = 20 },
        new() { Name = "port", Type = SettingType.WholeNumber, Label = "Port", Minimum = 1, Maximum = 65535, Default = "25" },
        new() { Name = "share", Type = SettingType.Number, Label = "Share", Minimum = 0 },
        new() { Name = "active", Type = SettingType.Boolean, Label = "Active" },
        new() { Name = "mode", Type = SettingType.Choice, Label = "Mode", Options = ["auto", "startTls"] },
        new() { Name = "wait", Type = SettingType.Duration, Label = "Wait" },
        new() { Name = "code", Type = SettingType.Text, Label = "Code", Pattern = "[a-z]+" },
        new() { Name = "password", Type = SettingType.Text, Label = "Password", Required = true, Secret = true },
    ];

    [Fact]
    public void Check_GoodSettings_SplitsTheSecretsOffAndSpellsOptions()
    {
        var check = SettingsValidator.Check(Form, """{"host": "h", "port": 587, "mode": "STARTTLS", "wait": "00:00:30", "active": true, "share": 0.5, "code": null, "password": "s"}""");

        Assert.Empty(check.Problems);
        Assert.Equal("""{"host":"h","port":587,"share":0.5,"active":true,"mode":"startTls","wait":"00:00:30"}""", check.PlainJson);
        Assert.Equal("s", Assert.Single(check.Secrets).Value);
        Assert.Equal("""{"host":"h","password":"s"}""", SettingsValidator.Merge("""{"host":"h"}""", check.Secrets));
    }

    [Theory]
    [InlineData("""{"password": "s"}""", "host", "must be given")]
    [InlineData("""{"host": " ", "password": "s"}""", "host", "must be given")]
    [InlineData("""{"host": "h"}""", "password", "must be given")]
    [InlineData("""{"host": "123456789012345678901", "password": "s"}""", "host", "has 21 characters; 20 are allowed")]
    [InlineData("""{"host": 5, "password": "s"}""", "host", "must be a text")]
    [InlineData("""{"host": "h", "password": "s", "port": "25"}""", "port", "must be a whole number")]
    [InlineData("""{"host": "h", "password": "s", "port": 1.5}""", "port", "must be a whole number")]
    [InlineData("""{"host": "h", "password": "s", "port": 70000}""", "port", "must be 1 to 65535")]
    [InlineData("""{"host": "h", "password": "s", "share": -1}""", "share", "must be 0 or more")]
    [InlineData("""{"host": "h", "password": "s", "active": "yes"}""", "active", "must be true or false")]
    [InlineData("""{"host": "h", "password": "s", "mode": "tls"}""", "mode", "must be one of auto, startTls")]
    [InlineData("""{"host": "h", "password": "s", "wait": "soon"}""", "wait", "must be a length of time")]
    [InlineData("""{"host": "h", "password": "s", "code": "abc1"}""", "code", "does not have the form")]
    [InlineData("""{"host": "h", "password": "s", "hots": "x"}""", "hots", "There is no setting 'hots'. The settings are: host, port")]
    [InlineData("[]", "", "must be a JSON object")]
    [InlineData("{", "", "are not JSON")]
    public void Check_OneFault_NamesSettingAndReason(string json, string setting, string why)
    {
        var problem = Assert.Single(SettingsValidator.Check(Form, json).Problems);
        Assert.Equal(setting, problem.Path);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_SecretIsStoredAlready_MayBeAbsent() =>
        Assert.Empty(SettingsValidator.Check(Form, """{"host": "h"}""", ["password"]).Problems);

    [Fact]
    public void FromText_CommandLine_GivesTypedSettings()
    {
        var json = SettingsValidator.FromText(Form, [new("HOST", "h"), new("port", "587"), new("active", "on"), new("wait", ""), new("mode", "starttls"), new("password", "123"), new("nonsense", "x")]);
        Assert.Equal("""{"host":"h","port":587,"active":true,"mode":"starttls","password":"123","nonsense":"x"}""", json);
    }
}
