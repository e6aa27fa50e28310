using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>The audit's key as it is stored.</summary>
/// <param name="Id">SHA-256 of the public key, 64 hexadecimal digits: what an operator notes down.</param>
/// <param name="PublicKey">P-256, SubjectPublicKeyInfo.</param>
/// <param name="Secret">Sealed: 32 bytes that the organisations' keys come from, and the PKCS#8 of the key that signs.</param>
public sealed record StoredAuditKey(string Id, byte[] PublicKey, byte[] Secret, DateTimeOffset CreatedAt);

public interface IAuditKeyStore
{
    /// <summary>The key that is there; null before the first.</summary>
    Task<StoredAuditKey?> FindAsync(CancellationToken cancellationToken);

    /// <summary>Keeps the key unless there is one, and returns the one that is there: of replicas that start together all take the same.</summary>
    Task<StoredAuditKey> KeepAsync(StoredAuditKey fresh, CancellationToken cancellationToken);
}

/// <summary>Seals the audit's key for the database.</summary>
public sealed class AuditKeyVault(ISecretProtector protector)
{
    /// <summary>The purpose label of the key that seals it.</summary>
    public const string Purpose = "mcpx/audit-keys/v1";

    public byte[] Seal(string id, ReadOnlySpan<byte> secret) => protector.Protect(secret, Context(id));

    /// <summary>Null when no key of the ring opens it.</summary>
    public byte[]? Open(StoredAuditKey key) => protector.Unprotect(key.Secret, Context(key.Id));

    private static string Context(string id) => $"audit_keys|{id}|secret";
}

/// <summary>
/// The audit's key, opened. It is not renewed: what it sealed and signed must be checkable for as long as records are kept.
/// A rotation of <c>ENCRYPTION_KEY</c> seals it anew and changes nothing of it.
/// </summary>
public sealed class AuditKey
{
    internal const int SeedBytes = 32;

    private readonly byte[] _seed;
    private readonly byte[] _privateKey;

    /// <param name="secret">See <see cref="StoredAuditKey.Secret"/>, opened.</param>
    internal AuditKey(StoredAuditKey stored, byte[] secret)
    {
        (Id, PublicKey) = (stored.Id, stored.PublicKey);
        (_seed, _privateKey) = (secret[..SeedBytes], secret[SeedBytes..]);
    }

    public string Id { get; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public byte[] PublicKey { get; }

    public static string IdOf(ReadOnlySpan<byte> publicKey) => Convert.ToHexStringLower(SHA256.HashData(publicKey));

    /// <summary>What an organisation's links are sealed with.</summary>
    public byte[] SealKeyOf(OrganizationId organization) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _seed, ChainHash.Length, info: Encoding.UTF8.GetBytes($"mcpx/audit/organization/1|{organization}"));

    /// <summary>The statement with its signature.</summary>
    public TStatement Sign<TStatement>(TStatement unsigned) where TStatement : ChainStatement
    {
        TStatement named = unsigned with { KeyId = Id };
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(_privateKey, out _);
        return named with { Signature = key.SignData(Encoding.UTF8.GetBytes(named.Text), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation) };
    }

    // The generated one of a record would print them; this one says which it is.
    public override string ToString() => Id;
}

/// <summary>Gives the audit's key; the first use makes it.</summary>
public sealed class AuditKeys(IAuditKeyStore store, AuditKeyVault vault, TimeProvider time)
{
    private volatile AuditKey? _known;

    /// <exception cref="CryptographicException">No key of the ring opens it. Nothing may be written then: it would stand outside the chain.</exception>
    public async ValueTask<AuditKey> GetAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known) return known;
        StoredAuditKey stored = await store.FindAsync(cancellationToken) ?? await store.KeepAsync(Make(), cancellationToken);
        byte[] secret = vault.Open(stored) ?? throw new CryptographicException($"The audit key {stored.Id} can't be read with any key of ENCRYPTION_KEY.");
        return _known = new AuditKey(stored, secret);
    }

    private StoredAuditKey Make()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] publicKey = key.ExportSubjectPublicKeyInfo();
        string id = AuditKey.IdOf(publicKey);
        byte[] secret = [.. RandomNumberGenerator.GetBytes(AuditKey.SeedBytes), .. key.ExportPkcs8PrivateKey()];
        try
        {
            return new StoredAuditKey(id, publicKey, vault.Seal(id, secret), Instant.Now(time));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
