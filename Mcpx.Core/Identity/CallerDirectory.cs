using System.Collections.Concurrent;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>
/// Callers by token, kept in memory so that a call costs no query. A revocation reaches the memory through the change
/// feed; should a notification be lost, an entry is read again after <see cref="FreshFor"/>.
/// </summary>
public sealed class CallerDirectory : ICallerDirectory, IDisposable
{
    /// <summary>Bounds how long a revoked token works on a replica that was told nothing.</summary>
    public static TimeSpan FreshFor { get; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a known caller goes on while the database is away. Nobody can revoke in that time, and an outage of the
    /// database must not become one of the agents.
    /// </summary>
    public static TimeSpan StaleFor { get; } = TimeSpan.FromMinutes(10);

    /// <summary>How often one token's last use is written.</summary>
    private static readonly TimeSpan TouchEvery = TimeSpan.FromMinutes(1);

    /// <summary>Well-formed guesses must not fill the memory: at this size it is emptied and starts again.</summary>
    private const int MostEntries = 100_000;

    private readonly ITokenStore _store;
    private readonly TokenHasher _hasher;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<Entry>>> _loads = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TokenId, DateTimeOffset> _used = new();
    private int _forgets;

    public CallerDirectory(ITokenStore store, TokenHasher hasher, ChangeFeed changes, TimeProvider time)
    {
        _store = store;
        _hasher = hasher;
        _time = time;
        _subscription = changes.Subscribe(change =>
        {
            Forget(change);
            return ValueTask.CompletedTask;
        });
    }

    public ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        // Known first: only what is not known pays for the checksum, and what fails it costs no query.
        if (_entries.TryGetValue(token, out Entry? entry) && now - entry.ReadAt < FreshFor)
            return ValueTask.FromResult(Use(entry, now));
        if (!TokenText.IsWellFormed(token, TokenText.PersonalAccessTokenPrefix))
            return ValueTask.FromResult<Caller?>(null);
        return FindSlowAsync(token, entry, now, cancellationToken);
    }

    /// <summary>Takes the last uses that were seen since the previous call, for a job to write.</summary>
    public IReadOnlyDictionary<TokenId, DateTimeOffset> TakeUses()
    {
        Dictionary<TokenId, DateTimeOffset> taken = [];
        foreach (TokenId id in _used.Keys)
        {
            if (_used.TryRemove(id, out DateTimeOffset at))
                taken[id] = at;
        }

        return taken;
    }

    public void Dispose() => _subscription.Dispose();

    private async ValueTask<Caller?> FindSlowAsync(string token, Entry? stale, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Entry entry;
        try
        {
            // The look-up serves every call that waits for this token, so one caller's hang-up must not end it.
            entry = await _loads.GetOrAdd(token, StartLoad).Value.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && stale is not null && now - stale.ReadAt < StaleFor)
        {
            entry = stale;
        }

        return Use(entry, now);
    }

    // Lazy, because the dictionary may ask for several values at once and keep one: only that one reads.
    private Lazy<Task<Entry>> StartLoad(string token)
    {
        Lazy<Task<Entry>> load = null!;
        load = new Lazy<Task<Entry>>(() => LoadAsync(token, load));
        return load;
    }

    private async Task<Entry> LoadAsync(string token, Lazy<Task<Entry>> self)
    {
        await Task.Yield();
        try
        {
            DateTimeOffset readAt = _time.GetUtcNow();
            int forgets = Volatile.Read(ref _forgets);
            TokenGrant? grant = await _store.FindByHashAsync(_hasher.AllHashes(token), CancellationToken.None);
            Entry entry = new(readAt, grant, grant is null ? null : ToCaller(grant));
            if (_entries.Count >= MostEntries)
                _entries.Clear();
            // A revocation that came while we read must not be undone by what we read before it.
            if (forgets == Volatile.Read(ref _forgets))
                _entries[token] = entry;
            return entry;
        }
        finally
        {
            _loads.TryRemove(new(token, self));
        }
    }

    private void Forget(Change change)
    {
        if (change.Kind is ChangeKind.Configuration) return;
        Interlocked.Increment(ref _forgets);
        // A call that comes after a revocation must not join a reading that began before it.
        _loads.Clear();
        foreach ((string token, Entry entry) in _entries)
        {
            if (change.Kind is ChangeKind.Everything || entry.Grant?.Token.Id.Value == change.Id)
                _entries.TryRemove(token, out _);
        }
    }

    private Caller? Use(Entry entry, DateTimeOffset now)
    {
        if (entry.Caller is not { } caller || entry.Grant!.Token.RevokedAt is not null || caller.ExpiresAt <= now)
            return null;
        if (now.UtcTicks - Volatile.Read(ref entry.TouchedTicks) >= TouchEvery.Ticks)
        {
            Volatile.Write(ref entry.TouchedTicks, now.UtcTicks);
            _used[caller.Token] = now;
        }

        return caller;
    }

    private static Caller ToCaller(TokenGrant grant) =>
        new(grant.Membership, grant.Token.Id, grant.Token.Name, grant.Token.Scopes, grant.Token.ExpiresAt);

    private sealed class Entry(DateTimeOffset readAt, TokenGrant? grant, Caller? caller)
    {
        public DateTimeOffset ReadAt { get; } = readAt;

        public TokenGrant? Grant { get; } = grant;

        public Caller? Caller { get; } = caller;

        public long TouchedTicks;
    }
}
