using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Redaction;

/// <summary>Seals an organisation's redaction key for the database and opens it again.</summary>
public sealed class RedactionVault(ISecretProtector protector)
{
    /// <summary>The purpose label of the key that seals them.</summary>
    public const string Purpose = "mcpx/redaction-keys/v1";

    public byte[] Seal(OrganizationId organization, ReadOnlySpan<byte> key) => protector.Protect(key, Context(organization));

    /// <summary>Null when no key of the ring opens it.</summary>
    public byte[]? Open(OrganizationId organization, byte[] sealedKey) => protector.Unprotect(sealedKey, Context(organization));

    private static string Context(OrganizationId organization) => $"{organization}|redaction_keys|{organization}|key";
}

/// <summary>What an organisation's values are hashed under: one key for those in payloads, one for payloads as a whole.</summary>
public sealed record RedactionKey(byte[] Values, PayloadDigest Payloads)
{
    // The generated one would print them.
    public override string ToString() => nameof(RedactionKey);
}

/// <summary>
/// The organisations' keys. A plain hash of a short secret is found by trying; under a key of the organisation's own it says no
/// more than that two values are the same. Made at first use, and gone with the organisation.
/// </summary>
public sealed partial class RedactionKeys(IRedactionStore store, RedactionVault vault, ILogger<RedactionKeys> logger, TimeProvider time)
{
    private const int KeyBytes = 32;
    private const int ManyGone = 10_000;

    /// <summary>An organisation that is gone does not come back; so long its last records may still wait in a journal.</summary>
    private static readonly TimeSpan GoneFor = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<OrganizationId, RedactionKey> _known = new();
    private readonly ConcurrentDictionary<OrganizationId, long> _gone = new();

    /// <summary>Null when the organisation is gone, or its key can't be opened: then hashes are not to be had.</summary>
    public async ValueTask<RedactionKey?> GetAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(organization, out RedactionKey? known)) return known;
        if (_gone.TryGetValue(organization, out long since) && time.GetElapsedTime(since) < GoneFor) return null;
        byte[] fresh = RandomNumberGenerator.GetBytes(KeyBytes);
        byte[]? kept = await store.KeepKeyAsync(organization, vault.Seal(organization, fresh), cancellationToken);
        CryptographicOperations.ZeroMemory(fresh);
        if (kept is null)
        {
            if (_gone.Count >= ManyGone) _gone.Clear();
            _gone[organization] = time.GetTimestamp();
            return null;
        }

        if (vault.Open(organization, kept) is not { } key)
        {
            LogUnreadable(logger, organization);
            return null;
        }

        return _known[organization] = new RedactionKey(Derive(key, "values"), new PayloadDigest(Derive(key, "payloads")));
    }

    /// <summary>Without asking the database: null where <see cref="GetAsync"/> has not given it yet.</summary>
    public RedactionKey? Known(OrganizationId organization) => _known.GetValueOrDefault(organization);

    /// <summary>Of an organisation that is gone.</summary>
    public void Forget(OrganizationId organization) => _known.TryRemove(organization, out _);

    private static byte[] Derive(byte[] key, string label) => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeyBytes, info: Encoding.UTF8.GetBytes(label));

    [LoggerMessage(6240, LogLevel.Error, "The redaction key of organization {Organization} can't be read with any key of ENCRYPTION_KEY: its records get no digests, and what would be hashed is masked.")]
    private static partial void LogUnreadable(ILogger logger, OrganizationId organization);
}
