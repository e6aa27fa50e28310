using System.Buffers.Text;
using System.Security.Cryptography;
using Mcpx.Core.Credentials;

namespace Mcpx.Core.OAuth;

/// <summary>A key that signs access tokens (ES256), as it is stored.</summary>
/// <param name="Id">The <c>kid</c>: the key's thumbprint (RFC 7638).</param>
/// <param name="PublicKey">SubjectPublicKeyInfo, DER.</param>
/// <param name="SealedPrivateKey">PKCS#8, sealed by the key ring for this row.</param>
/// <param name="ActiveAt">From here on it signs; before, it is only published.</param>
/// <param name="ExpiresAt">From here on nothing that it signed is accepted.</param>
public sealed record SigningKey(string Id, byte[] PublicKey, byte[] SealedPrivateKey, DateTimeOffset CreatedAt, DateTimeOffset ActiveAt, DateTimeOffset ExpiresAt);

/// <summary>What a rotation changes.</summary>
public sealed record SigningKeyChange(IReadOnlyList<SigningKey> Added, IReadOnlyList<string> Removed)
{
    public bool IsEmpty => Added.Count == 0 && Removed.Count == 0;
}

public interface ISigningKeyStore
{
    Task<IReadOnlyList<SigningKey>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Asks <paramref name="plan"/> with all keys and does what it says, while no other replica can do the same.</summary>
    Task<SigningKeyChange> ChangeAsync(Func<IReadOnlyList<SigningKey>, SigningKeyChange> plan, CancellationToken cancellationToken);
}

/// <summary>Makes signing keys and opens them; the database never holds one that signs.</summary>
public sealed class SigningKeyVault(ISecretProtector protector)
{
    public const string Purpose = "mcpx/signing-keys/v1";

    public SigningKey Create(DateTimeOffset now, DateTimeOffset activeAt, DateTimeOffset expiresAt)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string id = IdOf(key.ExportParameters(includePrivateParameters: false));
        byte[] secret = key.ExportPkcs8PrivateKey();
        try
        {
            return new SigningKey(id, key.ExportSubjectPublicKeyInfo(), protector.Protect(secret, Context(id)), now, activeAt, expiresAt);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>The key that signs; the caller disposes it. Null when no key of the ring opens it, or it stood in another row.</summary>
    public ECDsa? Open(SigningKey key)
    {
        if (protector.Unprotect(key.SealedPrivateKey, Context(key.Id)) is not { } secret) return null;
        ECDsa opened = ECDsa.Create();
        opened.ImportPkcs8PrivateKey(secret, out _);
        CryptographicOperations.ZeroMemory(secret);
        return opened;
    }

    private static string IdOf(ECParameters key) => Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(key.Q.X)}}","y":"{{Base64Url.EncodeToString(key.Q.Y)}}"}""")));

    private static string Context(string id) => $"signing_keys|{id}|private_key";
}
