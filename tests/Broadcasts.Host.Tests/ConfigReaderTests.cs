using Broadcasts.Host.Configuration;
using Microsoft.Extensions.Configuration;

namespace Broadcasts.Host.Tests;

public sealed class ConfigReaderTests
{
    [Theory]
    [InlineData("Urls", "ftp://x", "http://")]
    [InlineData("Urls", "nonsense", "not an address")]
    [InlineData("Urls", "http://example.com:80", "IP address")]
    [InlineData("PublicUrl", "example.com", "not an address")]
    [InlineData("TimeZone", "Mars/Base", "IANA")]
    [InlineData("DefaultCountry", "XX", "ISO 3166")]
    [InlineData("Database:Provider", "oracle", "sqlite, postgres")]
    [InlineData("Secrets:MasterKeyFile", "/nowhere/key", "no file")]
    [InlineData("Cluster:Address", "0.0.0.0", "other machines")]
    [InlineData("Cluster:Port", "99999", "whole number")]
    [InlineData("Plugins:TrustedSigners", "9f86;0", "64 hexadecimal digits")]
    [InlineData("Network:Allow", "private;10.0.0.0/33", "10.0.0.0/33")]
    [InlineData("StopGrace", "soon", "00:00:08")]
    [InlineData("TrustedProxies", "127.0.0.1;proxy", "127.0.0.1;::1")]
    [InlineData("Limits:FileMegabytes", "0", "whole number")]
    [InlineData("Limits:ApiRequestsPerMinute", "-1", "whole number")]
    [InlineData("OpenId:Authority", "login.example.com", "not an address")]
    [InlineData("OpenId:Authority", "http://login.example.com", "https:// alone")]
    [InlineData("OpenId:ClientSecretFile", "/nowhere/secret", "no file")]
    [InlineData("OpenId:Roles", "admins", "admins=Owner")]
    [InlineData("Databse:Provider", "sqlite", "Did you mean Broadcasts:Database:Provider?")]
    [InlineData("Url", "http://127.0.0.1:1", "Did you mean Broadcasts:Urls?")]
    [InlineData("Database:ConnectionString", "Host=x", "provider is sqlite")]
    public void Read_OneFault_NamesItsKeyAndSaysWhatToDo(string key, string value, string message)
    {
        var (_, faults) = Read(("Broadcasts:" + key, value));
        var fault = Assert.Single(faults);
        Assert.Equal("Broadcasts:" + key, fault.Key);
        Assert.Contains(message, fault.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Read_ManyFaults_ReportsAllAtOnce()
    {
        var (_, faults) = Read(("Broadcasts:Urls", "x"), ("Broadcasts:TimeZone", "y"), ("Broadcasts:Nope", "z"), ("Broadcasts:Database:Provider", "postgres"), ("Logging:LogLevel:Default", "Loud"));
        Assert.Equal(
            ["Broadcasts:Urls", "Broadcasts:TimeZone", "Broadcasts:Nope", "Broadcasts:Database:ConnectionString", "Broadcasts:Secrets:MasterKeyFile", "Logging:LogLevel:Default"],
            faults.Select(f => f.Key));
    }

    [Fact]
    public void Read_TheShippedFile_HasEveryKeyWithItsDefault()
    {
        var shipped = new ConfigurationBuilder().SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json").Build();
        Assert.Empty(ConfigReader.Read(shipped).Faults);
        foreach (var key in ConfigKeys.All)
        {
            Assert.True(shipped.GetSection("Broadcasts").GetSection(key.Name).Exists(), $"{key.Path} is not in appsettings.json");
            Assert.Equal(key.Default, shipped[key.Path]);
        }
    }

    [Fact]
    public void Read_CommandLine_WinsOverTheFile()
    {
        var (options, faults) = ConfigReader.Read(Configuration(("Broadcasts:Urls", "x"), ("Broadcasts:DataDirectory", "a")), "b", "http://[::1]:0;http://*:81");
        Assert.Empty(faults);
        Assert.EndsWith("b", options.Engine.DataDirectory, StringComparison.Ordinal);
        Assert.Equal(["[::1]", "0.0.0.0"], options.Urls.Select(u => u.Host));
    }

    private static (ServiceOptions Options, IReadOnlyList<ConfigFault> Faults) Read(params (string, string)[] values) => ConfigReader.Read(Configuration(values));

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => KeyValuePair.Create<string, string?>(v.Key, v.Value))).Build();
}
