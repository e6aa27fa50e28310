using System.Runtime.ExceptionServices;

namespace Mcpx.Core.Primitives;

public enum ChangeKind
{
    /// <summary>Servers, credentials, gateways or rules of an organisation; the id is the organisation's.</summary>
    Configuration,

    /// <summary>A token was revoked or its rights changed; the id is the token's.</summary>
    Token,

    /// <summary>A person's role or membership changed somewhere; the id is the user's.</summary>
    Member,

    /// <summary>A service account was disabled, changed, or one of its secrets revoked; the id is the account's.</summary>
    ServiceAccount,

    /// <summary>A dashboard session ended before its time; the id is the session's.</summary>
    Session,

    /// <summary>The keys that sign access tokens changed; the id is empty.</summary>
    SigningKeys,

    /// <summary>Changes may have been missed (a lost connection): everything kept in memory is stale.</summary>
    Everything,
}

/// <summary>Something that replicas keep in memory has changed in the database. Ids only, never content.</summary>
public sealed record Change(ChangeKind Kind, Guid Id);

/// <summary>
/// Tells this replica's memories that they are stale. An administrator's write publishes here after its commit, so that
/// the writer reads what it wrote; other replicas learn the same from the database's notification.
/// </summary>
public sealed class ChangeFeed
{
    private readonly Lock _gate = new();
    private Func<Change, ValueTask>[] _subscribers = [];

    public IDisposable Subscribe(Func<Change, ValueTask> onChange)
    {
        lock (_gate)
            _subscribers = [.. _subscribers, onChange];
        return new Subscription(this, onChange);
    }

    /// <summary>Returns when every memory of this replica has taken the change in; throws the first failure after all were told.</summary>
    public async ValueTask PublishAsync(Change change)
    {
        ExceptionDispatchInfo? failure = null;
        foreach (Func<Change, ValueTask> subscriber in Volatile.Read(ref _subscribers))
        {
            try
            {
                await subscriber(change);
            }
            catch (Exception e)
            {
                // One memory that fails must not keep a revocation from the next.
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        failure?.Throw();
    }

    private void Unsubscribe(Func<Change, ValueTask> onChange)
    {
        lock (_gate)
            _subscribers = [.. _subscribers.Where(s => s != onChange)];
    }

    private sealed class Subscription(ChangeFeed feed, Func<Change, ValueTask> onChange) : IDisposable
    {
        public void Dispose() => feed.Unsubscribe(onChange);
    }
}
