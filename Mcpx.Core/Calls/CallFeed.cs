using System.Collections.Concurrent;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>
/// Tells who is looking that calls have finished, not which: they read again with their own rights and filters. A burst
/// of calls is one signal, and every ten seconds there is one in any case, for the calls of other replicas.
/// </summary>
public sealed class CallFeed(TimeProvider time) : ICallSink
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Regular = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<OrganizationId, Topic> _topics = new();
    private readonly Lock _gate = new();

    public void CallFinished(CallRecord call)
    {
        if (_topics.TryGetValue(call.Organization, out Topic? topic)) topic.Ring();
    }

    /// <param name="onCalls">Called on a pool thread; be quick and don't throw.</param>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IDisposable Subscribe(Actor actor, Action onCalls)
    {
        actor.Demand(Permission.ViewResources);
        lock (_gate)
        {
            Topic topic = _topics.GetOrAdd(actor.Organization, _ => new Topic(time));
            topic.Listeners = [.. topic.Listeners, onCalls];
            return new Subscription(() => Leave(actor.Organization, topic, onCalls));
        }
    }

    private void Leave(OrganizationId organization, Topic topic, Action onCalls)
    {
        lock (_gate)
        {
            topic.Listeners = [.. topic.Listeners.Where(l => l != onCalls)];
            if (topic.Listeners.Length > 0 || !_topics.TryRemove(organization, out _)) return;
            topic.Dispose();
        }
    }

    private sealed class Topic : IDisposable
    {
        private readonly ITimer _timer;
        private int _rung;
        private volatile Action[] _listeners = [];

        public Topic(TimeProvider time) => _timer = time.CreateTimer(_ => Tell(), null, Regular, Regular);

        public Action[] Listeners
        {
            get => _listeners;
            set => _listeners = value;
        }

        /// <summary>On a call's path: the first of a burst sets the timer, the others find it set.</summary>
        public void Ring()
        {
            if (Interlocked.Exchange(ref _rung, 1) == 0) _timer.Change(Quiet, Regular);
        }

        public void Dispose() => _timer.Dispose();

        private void Tell()
        {
            Volatile.Write(ref _rung, 0);
            foreach (Action listener in Listeners)
                listener();
        }
    }

    private sealed class Subscription(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
