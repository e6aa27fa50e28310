using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Metrics;

/// <summary>The figures of one moment, at most a second old.</summary>
/// <param name="Minute">The last 60 seconds.</param>
/// <param name="Steps">The range in equal, completed steps, oldest first.</param>
/// <param name="Servers">Per server over the last <see cref="LiveFigures.ServersRange"/>.</param>
/// <param name="Stale">The last reading failed: these are the figures of before.</param>
public sealed record LiveFrame(DateTimeOffset At, TimeSpan Step, MetricPoint Minute, IReadOnlyList<MetricPoint> Steps, IReadOnlyList<ServerFigures> Servers, bool Stale)
{
    /// <summary>Of a range of which nothing was read yet.</summary>
    internal static LiveFrame Unknown(TimeSpan step) => new(default, step, new MetricPoint(default, 0, 0, 0, null, null, null), [], [], Stale: true);
}

/// <summary>
/// Figures that move by themselves. Everybody who looks at an organisation shares one poller, whichever range they look at; it
/// starts with the first and stops with the last, so a dashboard that nobody looks at costs nothing.
/// </summary>
public sealed partial class LiveFigures(IMetricStore store, TimeProvider time, ILogger<LiveFigures> logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<OrganizationId, LivePoller> _pollers = [];

    /// <summary>What <see cref="LiveFrame.Servers"/> covers.</summary>
    public static TimeSpan ServersRange { get; } = TimeSpan.FromMinutes(15);

    /// <summary>How many pollers run: one per organisation that is looked at.</summary>
    public int Running
    {
        get
        {
            lock (_gate) return _pollers.Count;
        }
    }

    /// <param name="onFrame">Called about once a second on a pool thread, at once when figures are there; be quick and don't throw.</param>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IDisposable Subscribe(Actor actor, TimeSpan range, Action<LiveFrame> onFrame)
    {
        actor.Demand(Permission.ViewResources);
        LivePoller.Listener listener = new(range, onFrame);
        lock (_gate)
        {
            if (_pollers.TryGetValue(actor.Organization, out LivePoller? poller)) poller.Add(listener);
            else _pollers[actor.Organization] = poller = LivePoller.Start(new LiveReader(store, time, actor.Organization), time, LogFailed, listener);
            return new Subscription(this, actor.Organization, poller, listener);
        }
    }

    /// <summary>The application stops, and with it the database that the pollers ask.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (LivePoller poller in _pollers.Values)
                poller.Dispose();
            _pollers.Clear();
        }
    }

    private void Leave(OrganizationId organization, LivePoller poller, LivePoller.Listener listener)
    {
        lock (_gate)
        {
            if (!poller.Remove(listener) || _pollers.GetValueOrDefault(organization) != poller) return;
            _pollers.Remove(organization);
            poller.Dispose();
        }
    }

    private void LogFailed(Exception exception) => LogReadingFailed(logger, exception);

    [LoggerMessage(2101, LogLevel.Warning, "Reading live figures failed; the dashboard shows the last ones.")]
    private static partial void LogReadingFailed(ILogger logger, Exception exception);

    private sealed class Subscription(LiveFigures figures, OrganizationId organization, LivePoller poller, LivePoller.Listener listener) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) figures.Leave(organization, poller, listener);
        }
    }
}
