using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace Broadcasts.Host.Hosting;

/// <summary>The key ring in a PostgreSQL database, wrapped by a key that is not in it: a copy of the database alone opens nothing.</summary>
internal sealed class WrappedKeyRepository(NpgsqlDataSource database, WrappingKey key) : IXmlRepository
{
    private const string Prefix = "key-ring:";
    private const string CanaryName = "key-ring-canary";
    private const string CanaryText = "the master key fits";

    private const string ListSql = "SELECT value FROM settings WHERE name LIKE 'key-ring:%' ORDER BY name";

    private const string InsertSql = "INSERT INTO settings (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING";

    private const string GetSql = "SELECT value FROM settings WHERE name = @name";

    /// <summary>Proves that the master key is the one that this database was begun with. The first start stores the proof.</summary>
    /// <exception cref="StartException">It is another one.</exception>
    public static void CheckMasterKey(NpgsqlDataSource database, WrappingKey key)
    {
        Execute(database, InsertSql, ("name", CanaryName), ("value", key.Wrap(CanaryText)));
        using var command = database.CreateCommand(GetSql);
        command.Parameters.AddWithValue("name", CanaryName);
        if (key.TryUnwrap((string)command.ExecuteScalar()!) != CanaryText)
            throw new StartException("Broadcasts:Secrets:MasterKeyFile: this is not the key that the database was begun with. Use the same file as the other machines, or the one from the backup.");
    }

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var elements = new List<XElement>();
        using var command = database.CreateCommand(ListSql);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var text = key.TryUnwrap(reader.GetString(0)) ?? throw new CryptographicException("A key in the database can't be unwrapped with the master key.");
            elements.Add(XElement.Parse(text));
        }

        return elements;
    }

    public void StoreElement(XElement element, string friendlyName) =>
        Execute(database, InsertSql, ("name", Prefix + friendlyName), ("value", key.Wrap(element.ToString(SaveOptions.DisableFormatting))));

    private static void Execute(NpgsqlDataSource database, string sql, params (string Name, string Value)[] values)
    {
        using var command = database.CreateCommand(sql);
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }
}

/// <summary>The key out of the operator's file.</summary>
internal sealed class WrappingKey
{
    private const int LeastBytes = 32;

    private readonly byte[] _key;

    private WrappingKey(byte[] key) => _key = key;

    /// <exception cref="StartException">The file can't be read or is too short.</exception>
    public static WrappingKey Read(string path)
    {
        byte[] bytes;
        try
        {
            // White space at the ends is an editor's doing, not the key's.
            bytes = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(File.ReadAllBytes(path)).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"Broadcasts:Secrets:MasterKeyFile: {path} can't be read: {e.Message}", ExitCodes.Usage);
        }

        if (bytes.Length < LeastBytes)
            throw new StartException($"Broadcasts:Secrets:MasterKeyFile: {path} holds {bytes.Length} bytes; at least {LeastBytes} are needed. Make one with: openssl rand -base64 48", ExitCodes.Usage);
        return new WrappingKey(HKDF.DeriveKey(HashAlgorithmName.SHA256, bytes, 32, info: "Broadcasts key ring"u8.ToArray()));
    }

    public string Wrap(string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var packed = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + plain.Length];
        var (nonce, tag, cipher) = Split(packed);
        RandomNumberGenerator.Fill(nonce.Span);
        using var aes = new AesGcm(_key, tag.Length);
        aes.Encrypt(nonce.Span, plain, cipher.Span, tag.Span);
        return Convert.ToBase64String(packed);
    }

    /// <summary>Null when another key wrapped it.</summary>
    public string? TryUnwrap(string wrapped)
    {
        try
        {
            var (nonce, tag, cipher) = Split(Convert.FromBase64String(wrapped));
            var plain = new byte[cipher.Length];
            using var aes = new AesGcm(_key, tag.Length);
            aes.Decrypt(nonce.Span, cipher.Span, tag.Span, plain);
            return Encoding.UTF8.GetString(plain);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static (Memory<byte> Nonce, Memory<byte> Tag, Memory<byte> Cipher) Split(byte[] packed)
    {
        var nonce = AesGcm.NonceByteSizes.MaxSize;
        var tag = AesGcm.TagByteSizes.MaxSize;
        return (packed.AsMemory(0, nonce), packed.AsMemory(nonce, tag), packed.AsMemory(nonce + tag));
    }
}
