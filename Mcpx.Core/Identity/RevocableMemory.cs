using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>How long what was read of the database is believed.</summary>
public static class RevocableMemory
{
    /// <summary>Bounds how long something revoked works on a replica that was told nothing.</summary>
    public static TimeSpan FreshFor { get; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long what is known goes on while the database is away. Nobody can revoke in that time, and an outage of the
    /// database must not become one of the agents.
    /// </summary>
    public static TimeSpan StaleFor { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Well-formed guesses must not fill the memory: at this size it is emptied and starts again.</summary>
    internal const int MostEntries = 100_000;
}

/// <summary>
/// Who may come in, kept in memory so that a request costs no query. A revocation reaches it through the change feed;
/// should a notification be lost, an entry is read again after <see cref="RevocableMemory.FreshFor"/>. Of many who ask for
/// the same at once, one reads.
/// </summary>
public sealed class RevocableMemory<TKey, TValue> : IDisposable
    where TKey : notnull
{
    private readonly Func<TKey, Task<TValue>> _read;
    private readonly Func<Change, TKey, TValue, bool> _isHit;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly ConcurrentDictionary<TKey, Entry> _entries;
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TValue>>> _loads;
    private int _forgets;

    /// <param name="kinds">The changes that concern it; <see cref="ChangeKind.Everything"/> always does, and empties it.</param>
    /// <param name="isHit">Whether such a change makes an entry wrong.</param>
    /// <param name="read">Asks the database. It serves everybody who waits for this key, so it must not end with one of them.</param>
    public RevocableMemory(
        ChangeFeed changes, IReadOnlyCollection<ChangeKind> kinds, Func<Change, TKey, TValue, bool> isHit, Func<TKey, Task<TValue>> read,
        TimeProvider time, IEqualityComparer<TKey>? comparer = null)
    {
        (_isHit, _read, _time) = (isHit, read, time);
        _entries = new ConcurrentDictionary<TKey, Entry>(comparer);
        _loads = new ConcurrentDictionary<TKey, Lazy<Task<TValue>>>(comparer);
        _subscription = changes.Subscribe(change =>
        {
            if (change.Kind is ChangeKind.Everything || kinds.Contains(change.Kind)) Forget(change);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>False when the database has to be asked.</summary>
    public bool TryGetFresh(TKey key, DateTimeOffset now, [MaybeNullWhen(false)] out TValue value) => TryGet(key, now, RevocableMemory.FreshFor, out value);

    /// <summary>What is known, however old; false when it was never read, or is forgotten.</summary>
    public bool TryGetKnown(TKey key, [MaybeNullWhen(false)] out TValue value) => TryGet(key, default, TimeSpan.MaxValue, out value);

    /// <summary>What is fresh, else what the database says now; if it says nothing, what is not too old.</summary>
    /// <exception cref="Exception">The database's, when nothing is known that would be young enough.</exception>
    public ValueTask<TValue> GetAsync(TKey key, DateTimeOffset now, CancellationToken cancellationToken) =>
        TryGetFresh(key, now, out TValue? fresh) ? ValueTask.FromResult(fresh) : ReadAsync(key, now, cancellationToken);

    public void Dispose() => _subscription.Dispose();

    private bool TryGet(TKey key, DateTimeOffset now, TimeSpan youngerThan, [MaybeNullWhen(false)] out TValue value)
    {
        bool found = _entries.TryGetValue(key, out Entry? entry) && now - entry.ReadAt < youngerThan;
        value = found ? entry!.Value : default;
        return found;
    }

    private async ValueTask<TValue> ReadAsync(TKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            // One caller's hang-up ends its own waiting and not the reading.
            return await _loads.GetOrAdd(key, StartLoad).Value.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && _entries.TryGetValue(key, out Entry? stale) && now - stale.ReadAt < RevocableMemory.StaleFor)
        {
            return stale.Value;
        }
    }

    // Lazy, because the dictionary may ask for several values at once and keep one: only that one reads.
    private Lazy<Task<TValue>> StartLoad(TKey key)
    {
        Lazy<Task<TValue>> load = null!;
        load = new Lazy<Task<TValue>>(() => LoadAsync(key, load));
        return load;
    }

    private async Task<TValue> LoadAsync(TKey key, Lazy<Task<TValue>> self)
    {
        await Task.Yield();
        try
        {
            DateTimeOffset readAt = _time.GetUtcNow();
            int forgets = Volatile.Read(ref _forgets);
            Entry entry = new(readAt, await _read(key));
            if (_entries.Count >= RevocableMemory.MostEntries) _entries.Clear();
            // A revocation that came while we read must not be undone by what we read before it. Kept first and looked at
            // afterwards: one that comes between the two finds the entry itself.
            _entries[key] = entry;
            Interlocked.MemoryBarrier();
            if (forgets != Volatile.Read(ref _forgets)) _entries.TryRemove(new(key, entry));
            return entry.Value;
        }
        finally
        {
            _loads.TryRemove(new(key, self));
        }
    }

    private void Forget(Change change)
    {
        Interlocked.Increment(ref _forgets);
        // Who comes after a revocation must not join a reading that began before it.
        _loads.Clear();
        foreach ((TKey key, Entry entry) in _entries)
        {
            if (change.Kind is ChangeKind.Everything || _isHit(change, key, entry.Value)) _entries.TryRemove(new(key, entry));
        }
    }

    private sealed class Entry(DateTimeOffset readAt, TValue value)
    {
        public DateTimeOffset ReadAt { get; } = readAt;

        public TValue Value { get; } = value;
    }
}
