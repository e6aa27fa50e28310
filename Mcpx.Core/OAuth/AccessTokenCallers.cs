using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.OAuth;

/// <summary>
/// Callers by access token. A token's signature is checked once and remembered by the token's hash until it expires; its
/// account is looked up apart and kept like a personal token, so that switching it off or changing its rights takes effect
/// on tokens that are out already.
/// </summary>
public sealed class AccessTokenCallers : ICallerDirectory, IDisposable
{
    private const int MostEntries = 100_000;

    private readonly AccessTokens _tokens;
    private readonly ServiceAccountDirectory _accounts;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly ConcurrentDictionary<Digest, Entry> _entries = new();

    public AccessTokenCallers(AccessTokens tokens, ServiceAccountDirectory accounts, ChangeFeed changes, TimeProvider time)
    {
        (_tokens, _accounts, _time) = (tokens, accounts, time);
        // What a key signed is worth what the key is worth.
        _subscription = changes.Subscribe(change =>
        {
            if (change.Kind is ChangeKind.SigningKeys or ChangeKind.Everything) _entries.Clear();
            return ValueTask.CompletedTask;
        });
    }

    public ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length > JwtText.Longest) return ValueTask.FromResult<Caller?>(null);
        Digest digest = Digest.Of(token);
        if (_entries.TryGetValue(digest, out Entry? entry))
        {
            if (entry.Claims.ExpiresAt <= _time.GetUtcNow())
            {
                _entries.TryRemove(digest, out _);
                return ValueTask.FromResult<Caller?>(null);
            }

            if (_accounts.TryGet(entry.Claims.Account, out ServiceAccount? account)) return ValueTask.FromResult(entry.CallerOf(account));
        }

        return FindSlowAsync(token, digest, entry, cancellationToken);
    }

    public void Dispose() => _subscription.Dispose();

    private async ValueTask<Caller?> FindSlowAsync(string token, Digest digest, Entry? known, CancellationToken cancellationToken)
    {
        if (known is null)
        {
            if (await _tokens.VerifyAsync(token, cancellationToken) is not { } claims) return null;
            known = new Entry(claims);
            if (_entries.Count >= MostEntries) _entries.Clear();
            // Only what was signed by us is kept: a forgery costs its check each time and never a place.
            _entries[digest] = known;
        }

        return known.CallerOf(await _accounts.GetAsync(known.Claims.Account, cancellationToken));
    }

    private sealed class Entry(AccessTokenClaims claims)
    {
        // Account and caller in one object: two threads must not pair one's account with the other's caller.
        private volatile Tuple<ServiceAccount, Caller?>? _last;

        public AccessTokenClaims Claims { get; } = claims;

        public Caller? CallerOf(ServiceAccount? account)
        {
            if (account is null) return null;
            if (_last is { } last && ReferenceEquals(last.Item1, account)) return last.Item2;
            Caller? caller = ToCaller(account);
            _last = Tuple.Create(account, caller);
            return caller;
        }

        /// <summary>The less of what the token and the account allow: rights that were taken away since are gone.</summary>
        private Caller? ToCaller(ServiceAccount account)
        {
            if (!account.IsEnabled || account.Organization.Id != Claims.Organization) return null;
            return new Caller(account.Organization, new Principal.Service(account.Id, account.Name), account.Role, Claims.Scopes & account.Scopes, Claims.ExpiresAt)
            {
                Limits = account.Limits,
                Audience = Claims.Audience,
            };
        }
    }

    /// <summary>SHA-256 of a token: what is kept in memory is no list of tokens.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Digest(ulong First, ulong Second, ulong Third, ulong Fourth)
    {
        public static Digest Of(string token)
        {
            // A character outside of Latin-1 becomes a question mark; no token that verifies has one of either.
            Span<byte> bytes = stackalloc byte[token.Length];
            int length = Encoding.Latin1.GetBytes(token, bytes);
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes[..length], hash);
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(hash);
            return new Digest(words[0], words[1], words[2], words[3]);
        }

        // Already as random as it gets.
        public override int GetHashCode() => First.GetHashCode();
    }
}
