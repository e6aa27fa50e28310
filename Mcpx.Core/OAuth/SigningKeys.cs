using System.Collections.Frozen;
using System.Security.Cryptography;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.OAuth;

/// <summary>
/// The keys of access tokens, kept in memory: which signs, which are accepted, which are published. Read again when they
/// change, every ten minutes, and, since a notification may be lost, when a token names a key that is not known.
/// </summary>
public sealed class SigningKeys : IDisposable
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(10);

    /// <summary>Tokens with invented key ids must not become as many queries.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    private readonly ISigningKeyStore _store;
    private readonly SigningKeyVault _vault;
    private readonly SigningKeyRotation _rotation;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly SemaphoreSlim _reading = new(1);
    private volatile KeySet? _keys;
    private int _changes;

    public SigningKeys(ISigningKeyStore store, SigningKeyVault vault, SigningKeyRotation rotation, ChangeFeed changes, TimeProvider time)
    {
        (_store, _vault, _rotation, _time) = (store, vault, rotation, time);
        _subscription = changes.Subscribe(change =>
        {
            if (change.Kind is ChangeKind.SigningKeys or ChangeKind.Everything) Interlocked.Increment(ref _changes);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>The published keys: those that sign now or will, and those whose tokens may still live.</summary>
    public async ValueTask<IReadOnlyList<PublicKey>> ListAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        return [.. (await GetAsync(_ => true, cancellationToken)).Keys.Values.Where(k => k.Stored.ExpiresAt > now).OrderBy(k => k.Stored.ActiveAt)];
    }

    /// <summary>The key of a token's <c>kid</c>; null when no key of that name is accepted now.</summary>
    public async ValueTask<PublicKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        KeySet keys = await GetAsync(k => k.Keys.ContainsKey(id), cancellationToken);
        return keys.Keys.GetValueOrDefault(id) is { } key && key.Stored.ExpiresAt > _time.GetUtcNow() ? key : null;
    }

    /// <summary>Signs with the key of the moment; makes one if there is none.</summary>
    /// <param name="text">From the <c>kid</c> to the bytes that are signed.</param>
    /// <exception cref="CryptographicException">The key can't be opened with the configured <c>ENCRYPTION_KEY</c>.</exception>
    public async Task<(byte[] Signed, byte[] Signature)> SignAsync(Func<string, byte[]> text, CancellationToken cancellationToken)
    {
        KeySet keys = await GetAsync(k => k.Signer(_time.GetUtcNow()) is not null, cancellationToken);
        if (keys.Signer(_time.GetUtcNow()) is null)
        {
            await _rotation.RunAsync(cancellationToken);
            keys = await GetAsync(k => k.Signer(_time.GetUtcNow()) is not null, cancellationToken);
        }

        SigningKey signer = keys.Signer(_time.GetUtcNow()) ?? throw new CryptographicException("There is no key to sign access tokens with.");
        using ECDsa key = _vault.Open(signer) ?? throw new CryptographicException($"The signing key {signer.Id} can't be read with the configured ENCRYPTION_KEY.");
        byte[] signed = text(signer.Id);
        return (signed, key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    public void Dispose()
    {
        _subscription.Dispose();
        _reading.Dispose();
    }

    /// <summary>What is known when it is fresh and enough, else what the database says now.</summary>
    private async ValueTask<KeySet> GetAsync(Func<KeySet, bool> isEnough, CancellationToken cancellationToken)
    {
        if (_keys is { } known && IsUsable(known, isEnough)) return known;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_keys is { } meanwhile && IsUsable(meanwhile, isEnough)) return meanwhile;
            int changes = Volatile.Read(ref _changes);
            DateTimeOffset now = _time.GetUtcNow();
            IReadOnlyList<SigningKey> stored = await _store.ListAsync(cancellationToken);
            return _keys = new KeySet(now, changes, stored.ToFrozenDictionary(k => k.Id, k => new PublicKey(k), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is not OperationCanceledException && _keys is not null)
        {
            // Keys don't change behind our back: with the database away, those that are known are as good as before.
            return _keys;
        }
        finally
        {
            _reading.Release();
        }
    }

    private bool IsUsable(KeySet keys, Func<KeySet, bool> isEnough)
    {
        if (keys.Changes != Volatile.Read(ref _changes)) return false;
        TimeSpan age = _time.GetUtcNow() - keys.ReadAt;
        return age < (isEnough(keys) ? FreshFor : AskAgainAfter);
    }

    private sealed record KeySet(DateTimeOffset ReadAt, int Changes, FrozenDictionary<string, PublicKey> Keys)
    {
        public SigningKey? Signer(DateTimeOffset at) => SigningKeyRotation.SignerAt(Keys.Values.Select(k => k.Stored), at);
    }
}

/// <summary>The public half of a signing key.</summary>
public sealed class PublicKey(SigningKey stored)
{
    private readonly Lazy<ECParameters> _parameters = new(() =>
    {
        using ECDsa key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(stored.PublicKey, out _);
        return key.ExportParameters(includePrivateParameters: false);
    });

    public SigningKey Stored => stored;

    public ECParameters Parameters => _parameters.Value;

    /// <summary>ES256 and nothing else, whatever the token's header asks for.</summary>
    public bool Verify(JwtText token)
    {
        // One object per use: it is not made for several threads.
        using ECDsa key = ECDsa.Create(Parameters);
        return key.VerifyData(token.Signed, token.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
