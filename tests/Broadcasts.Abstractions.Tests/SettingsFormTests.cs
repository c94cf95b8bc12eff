using System.Globalization;

namespace Broadcasts.Abstractions.Tests;

public sealed class SettingsFormTests
{
    private static readonly SettingsForm Form = SettingsForm.For<AllSettings>();

    [Fact]
    public void For_Class_ListsSettablePropertiesInTheirOrder() =>
        Assert.Equal(["host", "port", "quota", "factor", "verifyCertificate", "encryption", "timeout", "password", "retries"], Form.Fields.Select(f => f.Name));

    [Theory]
    [InlineData("host", SettingType.Text, "")]
    [InlineData("port", SettingType.WholeNumber, "587")]
    [InlineData("quota", SettingType.WholeNumber, "5000000000")]
    [InlineData("factor", SettingType.Number, "1.5")]
    [InlineData("verifyCertificate", SettingType.Boolean, "true")]
    [InlineData("encryption", SettingType.Choice, "startTls")]
    [InlineData("timeout", SettingType.Duration, "00:01:30")]
    [InlineData("password", SettingType.Text, null)]
    [InlineData("retries", SettingType.WholeNumber, null)]
    public void For_Property_HasItsTypeAndDefault(string name, SettingType type, string? shown)
    {
        var field = Field(name);

        Assert.Equal(type, field.Type);
        Assert.Equal(shown, field.Default);
    }

    [Fact]
    public void For_Default_IsWrittenTheSameInEveryCulture()
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("es-ES");
        try
        {
            Assert.Equal("1.5", SettingsForm.For<AllSettings>().Fields.Single(f => f.Name == "factor").Default);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void For_Annotations_AreInTheField()
    {
        var host = Field("host");

        Assert.True(host.Required);
        Assert.Equal(255, host.MaxLength);
        Assert.Equal("[a-z.]+", host.Pattern);
        Assert.Equal("smtp.example.com", host.Placeholder);
        Assert.Equal("Server", host.Label.For("en"));
        Assert.Equal("Servidor", host.Label.For("es"));
        Assert.Equal("Nombre del servidor.", host.Help?.For("es"));
        Assert.True(Field("verifyCertificate").Advanced);
        Assert.False(Field("port").Required);
    }

    [Fact]
    public void For_Enum_EachOptionHasALabel()
    {
        var field = Field("encryption");

        Assert.Equal(["none", "startTls", "implicitTls"], field.Options);
        Assert.Equal(["none", "If the server can", "implicitTls"], field.OptionLabels.Select(l => l.For("en")));
        Assert.Equal("Si el servidor sabe", field.OptionLabels[1].For("es"));
        Assert.Empty(Field("port").OptionLabels);
    }

    [Theory]
    [InlineData("port", 1.0, 65535.0)]
    [InlineData("factor", 0.5, 2.5)]
    public void For_Range_IsInTheField(string name, double minimum, double maximum)
    {
        Assert.Equal(minimum, Field(name).Minimum);
        Assert.Equal(maximum, Field(name).Maximum);
    }

    [Fact]
    public void For_Enum_OffersItsNamesInCamelCase() => Assert.Equal(["none", "startTls", "implicitTls"], Field("encryption").Options);

    [Fact]
    public void For_Secret_NeverShowsItsDefault()
    {
        Assert.True(Field("password").Secret);
        Assert.Null(Field("password").Default);
    }

    [Fact]
    public void For_UnlabelledProperty_IsShownUnderItsName() => Assert.Equal("Quota", Field("quota").Label.English);

    [Fact]
    public void For_UnsupportedType_SaysWhichTypesAre()
    {
        var error = Assert.Throws<NotSupportedException>(() => SettingsForm.For<WithDate>());

        Assert.Contains("DateTime", error.Message, StringComparison.Ordinal);
        Assert.Contains("TimeSpan", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_EveryType_IsRead()
    {
        var settings = SettingsForm.Bind<AllSettings>("""
            { "host": "mx.example.org", "port": 25, "quota": 9000000000, "factor": 0.75, "verifyCertificate": false,
              "encryption": "implicitTls", "timeout": "00:00:05", "password": "s3cret", "retries": 3, "somethingElse": 1 }
            """);

        Assert.Equal("mx.example.org", settings.Host);
        Assert.Equal(25, settings.Port);
        Assert.Equal(9_000_000_000, settings.Quota);
        Assert.Equal(0.75, settings.Factor);
        Assert.False(settings.VerifyCertificate);
        Assert.Equal(Encryption.ImplicitTls, settings.Encryption);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Timeout);
        Assert.Equal("s3cret", settings.Password);
        Assert.Equal(3, settings.Retries);
    }

    [Fact]
    public void Bind_WhatAFormPosts_IsRead()
    {
        // A browser's form sends text for everything.
        var settings = SettingsForm.Bind<AllSettings>("""{ "port": "2525", "verifyCertificate": "false", "factor": "2", "encryption": "NONE" }""");

        Assert.Equal(2525, settings.Port);
        Assert.False(settings.VerifyCertificate);
        Assert.Equal(2, settings.Factor);
        Assert.Equal(Encryption.None, settings.Encryption);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("{}")]
    [InlineData("""{ "port": null }""")]
    public void Bind_NothingGiven_KeepsTheDefaults(string json)
    {
        var settings = SettingsForm.Bind<AllSettings>(json);

        Assert.Equal(587, settings.Port);
        Assert.Equal(Encryption.StartTls, settings.Encryption);
    }

    [Theory]
    [InlineData("""{ "port": "many" }""", "'port'", "wholenumber")]
    [InlineData("""{ "port": 99999999999 }""", "'port'", "wholenumber")]
    [InlineData("""{ "port": 2.5 }""", "'port'", "wholenumber")]
    [InlineData("""{ "factor": true }""", "'factor'", "number")]
    [InlineData("""{ "verifyCertificate": 1 }""", "'verifyCertificate'", "boolean")]
    [InlineData("""{ "encryption": "rot13" }""", "'encryption'", "choice")]
    [InlineData("""{ "encryption": "1" }""", "'encryption'", "choice")]
    [InlineData("""{ "timeout": "soon" }""", "'timeout'", "duration")]
    public void Bind_WrongValue_NamesTheSettingAndNotTheValue(string json, string name, string type)
    {
        var error = Assert.Throws<TransportConfigurationException>(() => SettingsForm.Bind<AllSettings>(json));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(type, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_DefaultsOfTheForm_GiveTheClassBack()
    {
        var json = "{" + string.Join(",", Form.Fields.Where(f => f.Default is not null).Select(f => $"\"{f.Name}\":\"{f.Default}\"")) + "}";

        var settings = SettingsForm.Bind<AllSettings>(json);

        Assert.Equivalent(new AllSettings(), settings);
    }

    private static SettingField Field(string name) => Form.Fields.Single(f => f.Name == name);

    private sealed class WithDate
    {
        public DateTime Day { get; set; }
    }
}
