using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Callers by personal token, in a <see cref="RevocableMemory{TKey, TValue}"/>.</summary>
public sealed class CallerDirectory : ICallerDirectory, IDisposable
{
    private readonly ITokenStore _store;
    private readonly TokenHasher _hasher;
    private readonly TimeProvider _time;
    private readonly RevocableMemory<string, Known> _memory;
    private readonly LastUses<TokenId> _uses = new();

    public CallerDirectory(ITokenStore store, TokenHasher hasher, ChangeFeed changes, TimeProvider time)
    {
        (_store, _hasher, _time) = (store, hasher, time);
        _memory = new RevocableMemory<string, Known>(changes, [ChangeKind.Token, ChangeKind.Member], IsHit, ReadAsync, time, StringComparer.Ordinal);
    }

    /// <inheritdoc cref="RevocableMemory.FreshFor"/>
    public static TimeSpan FreshFor => RevocableMemory.FreshFor;

    /// <inheritdoc cref="RevocableMemory.StaleFor"/>
    public static TimeSpan StaleFor => RevocableMemory.StaleFor;

    public ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        // Known first: only what is not known pays for the checksum, and what fails it costs no query.
        if (_memory.TryGetFresh(token, now, out Known? known)) return ValueTask.FromResult(Use(known, now));
        return TokenText.IsWellFormed(token, TokenText.PersonalAccessTokenPrefix)
            ? FindSlowAsync(token, now, cancellationToken)
            : ValueTask.FromResult<Caller?>(null);
    }

    /// <summary>Takes the last uses that were seen since the previous call, for a job to write.</summary>
    public IReadOnlyDictionary<TokenId, DateTimeOffset> TakeUses() => _uses.Take();

    public void Dispose() => _memory.Dispose();

    private static bool IsHit(Change change, string token, Known known) =>
        known.Grant is { } grant && (grant.Token.Id.Value == change.Id || grant.Token.User.Value == change.Id);

    private async ValueTask<Caller?> FindSlowAsync(string token, DateTimeOffset now, CancellationToken cancellationToken) =>
        Use(await _memory.GetAsync(token, now, cancellationToken), now);

    private async Task<Known> ReadAsync(string token) => new(await _store.FindByHashAsync(_hasher.AllHashes(token), CancellationToken.None));

    private Caller? Use(Known known, DateTimeOffset now)
    {
        if (known.Caller is not { } caller || known.Grant!.Token.RevokedAt is not null || caller.ExpiresAt <= now) return null;
        _uses.Note(known.Grant.Token.Id, now, ref known.NotedTicks);
        return caller;
    }

    private sealed class Known(TokenGrant? grant)
    {
        public TokenGrant? Grant { get; } = grant;

        public Caller? Caller { get; } = grant is null ? null : ToCaller(grant);

        public long NotedTicks;

        private static Caller ToCaller(TokenGrant grant) =>
            new(grant.Membership.Organization, new Principal.Person(grant.Membership.User), grant.Membership.Role, grant.Token.Scopes, grant.Token.ExpiresAt)
            {
                Limits = grant.Token.Limits,
                Token = grant.Token.Id,
                TokenName = grant.Token.Name,
            };
    }
}
