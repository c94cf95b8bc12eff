namespace Broadcasts.Security;

/// <summary>Encrypts what must not be read from a copy of the database. The host implements it.</summary>
public interface ISecretProtector
{
    /// <summary>Cipher text of a secret.</summary>
    string Protect(string plain);

    /// <summary>The secret again.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The keys do not fit.</exception>
    string Unprotect(string cipher);
}
