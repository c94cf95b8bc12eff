using System.ComponentModel.DataAnnotations;

namespace Broadcasts.Abstractions.Tests;

public enum Encryption
{
    None,

    [Setting("If the server can", LabelEs = "Si el servidor sabe")]
    StartTls,
    ImplicitTls,
}

/// <summary>One property of each type that a settings class can have, and each annotation that the form reads.</summary>
public sealed class AllSettings
{
    [Required]
    [StringLength(255)]
    [RegularExpression("[a-z.]+")]
    [Setting("Server", LabelEs = "Servidor", Help = "Name of the server.", HelpEs = "Nombre del servidor.", Placeholder = "smtp.example.com")]
    public string Host { get; set; } = "";

    [Range(1, 65535)]
    public int Port { get; set; } = 587;

    public long Quota { get; set; } = 5_000_000_000;

    [Range(0.5, 2.5)]
    public double Factor { get; set; } = 1.5;

    [Setting("Verify", Advanced = true)]
    public bool VerifyCertificate { get; set; } = true;

    public Encryption Encryption { get; set; } = Encryption.StartTls;

    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(90);

    [Secret]
    public string? Password { get; set; } = "never shown";

    public int? Retries { get; set; }

    /// <summary>Without a public setter: not a setting.</summary>
    public string Computed => Host + Port;

    public string Hidden { get; internal set; } = "";
}
