using Broadcasts.Security;
using Microsoft.AspNetCore.DataProtection;

namespace Broadcasts.Host.Hosting;

/// <summary>Encrypts channels' secrets with Data Protection's key ring.</summary>
internal sealed class SecretProtector(IDataProtectionProvider provider) : ISecretProtector
{
    private readonly IDataProtector _protector = provider.CreateProtector("Broadcasts.Secrets");

    public string Protect(string plain) => _protector.Protect(plain);

    public string Unprotect(string cipher) => _protector.Unprotect(cipher);
}
