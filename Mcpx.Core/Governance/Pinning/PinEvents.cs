using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>A server's tool definitions are not what they were: what this replica was the first to note.</summary>
public sealed record PinEvent(OrganizationId Organization, ServerId Server, PinMode Mode, IReadOnlyList<PinNews> News, DateTimeOffset At);

/// <summary>Tells of definitions that wait for approval, once each over all replicas.</summary>
public sealed partial class PinEvents(ILogger<PinEvents> logger)
{
    private readonly Lock _gate = new();
    private Action<PinEvent>[] _subscribers = [];

    /// <param name="onEvent">Returns at once; called on any thread.</param>
    public IDisposable Subscribe(Action<PinEvent> onEvent)
    {
        lock (_gate) _subscribers = [.. _subscribers, onEvent];
        return new Subscription(this, onEvent);
    }

    internal void Publish(PinEvent what)
    {
        if (what.News.Count(n => n.State is PinState.New or PinState.Changed) is > 0 and int waiting) LogWaiting(logger, waiting, what.Server, what.Organization);
        foreach (Action<PinEvent> subscriber in Volatile.Read(ref _subscribers))
        {
            try
            {
                subscriber(what);
            }
            catch (Exception e)
            {
                LogSubscriberFailed(logger, e);
            }
        }
    }

    [LoggerMessage(1490, LogLevel.Warning, "{Count} tool definitions of server {Server} of organization {Organization} are new or changed and wait for approval.")]
    private static partial void LogWaiting(ILogger logger, int count, ServerId server, OrganizationId organization);

    [LoggerMessage(1491, LogLevel.Error, "Telling of changed tool definitions failed.")]
    private static partial void LogSubscriberFailed(ILogger logger, Exception exception);

    private sealed class Subscription(PinEvents events, Action<PinEvent> onEvent) : IDisposable
    {
        public void Dispose()
        {
            lock (events._gate) events._subscribers = [.. events._subscribers.Where(s => s != onEvent)];
        }
    }
}
