using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Says whether a dashboard session still holds, from a <see cref="RevocableMemory{TKey, TValue}"/>.</summary>
public sealed class SessionDirectory : IDisposable
{
    private readonly ISessionStore _store;
    private readonly TimeProvider _time;
    private readonly RevocableMemory<SessionId, Known> _memory;
    private readonly LastUses<SessionId> _uses = new();

    public SessionDirectory(ISessionStore store, ChangeFeed changes, TimeProvider time)
    {
        (_store, _time) = (store, time);
        _memory = new RevocableMemory<SessionId, Known>(changes, [ChangeKind.Session, ChangeKind.Member], IsHit, ReadAsync, time);
    }

    /// <inheritdoc cref="RevocableMemory.FreshFor"/>
    public static TimeSpan FreshFor => RevocableMemory.FreshFor;

    /// <inheritdoc cref="RevocableMemory.StaleFor"/>
    public static TimeSpan StaleFor => RevocableMemory.StaleFor;

    /// <summary>True while the session holds. Asking does not keep it alive: a page that watches itself is nobody's use.</summary>
    public async ValueTask<bool> IsLiveAsync(SignedIn who, CancellationToken cancellationToken) =>
        await FindAsync(who, _time.GetUtcNow(), cancellationToken) is not null;

    /// <summary>The same for a request or an action of the person: it is noted as use, and puts the idle end off.</summary>
    public async ValueTask<bool> UseAsync(SignedIn who, CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (await FindAsync(who, now, cancellationToken) is not { } known) return false;
        _uses.Note(who.Session, now, ref known.LastSeenTicks);
        return true;
    }

    /// <summary>Takes the last uses that were seen since the previous call, for a job to write.</summary>
    public IReadOnlyDictionary<SessionId, DateTimeOffset> TakeUses() => _uses.Take();

    public void Dispose() => _memory.Dispose();

    private static bool IsHit(Change change, SessionId id, Known known) => id.Value == change.Id || known.Session?.User.Value == change.Id;

    private async ValueTask<Known?> FindAsync(SignedIn who, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Known known = await _memory.GetAsync(who.Session, now, cancellationToken);
        // The person is compared too: a session proves one person, whatever else a cookie may say.
        return known.Session is { } session && session.User == who.User && session.IsLive(now, known.LastSeen) ? known : null;
    }

    private async Task<Known> ReadAsync(SessionId id)
    {
        Known read = new(await _store.FindAsync(id, CancellationToken.None));
        // What we saw ourselves may not be written yet.
        if (_memory.TryGetKnown(id, out Known? before)) read.SawAt(before.LastSeen);
        if (_uses.TryGet(id, out DateTimeOffset used)) read.SawAt(used);
        return read;
    }

    private sealed class Known(UserSession? session)
    {
        public long LastSeenTicks = (session?.LastSeenAt ?? default).UtcTicks;

        public UserSession? Session { get; } = session;

        public DateTimeOffset LastSeen => new(Volatile.Read(ref LastSeenTicks), TimeSpan.Zero);

        /// <summary>While it is being read nobody else has it.</summary>
        public void SawAt(DateTimeOffset at) => LastSeenTicks = Math.Max(LastSeenTicks, at.UtcTicks);
    }
}
