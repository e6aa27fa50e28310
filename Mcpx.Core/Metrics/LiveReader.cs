using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Reads one organisation's figures again and again, each time only what is new: the whole range once, then the steps
/// that have ended since. Reading all of a day every second would keep the database busy with nothing else.
/// </summary>
internal sealed class LiveReader(IMetricStore store, TimeProvider time, OrganizationId organization, TimeSpan range)
{
    private const int MostSteps = 300;

    // A call is written a moment after it ended; a step that is read too early would stay short of it for ever.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ServersEvery = TimeSpan.FromSeconds(3);

    private readonly List<MetricPoint> _steps = [];
    private IReadOnlyList<ServerFigures> _servers = [];
    private DateTimeOffset _next;
    private DateTimeOffset _serversAt;

    public TimeSpan Step { get; } = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(range.TotalSeconds / MostSteps)));

    public async Task<LiveFrame> ReadAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        MetricSeries minute = await store.SeriesAsync(organization, now - Minute, now, Minute, cancellationToken);
        await ReadStepsAsync(now - Grace, cancellationToken);
        if (now - _serversAt >= ServersEvery)
        {
            _servers = await store.ByServerAsync(organization, now - LiveFigures.ServersRange, now, cancellationToken);
            _serversAt = now;
        }

        return new LiveFrame(now, Step, minute.Total, [.. _steps], _servers, Stale: false);
    }

    private async Task ReadStepsAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        DateTimeOffset end = new(until.UtcTicks - until.UtcTicks % Step.Ticks, TimeSpan.Zero);
        if (_next < end - range) _steps.Clear();
        DateTimeOffset from = _steps.Count == 0 ? end - range : _next;
        if (from >= end) return;
        MetricSeries news = await store.SeriesAsync(organization, from, end, Step, cancellationToken);
        _steps.AddRange(news.Points);
        _steps.RemoveAll(p => p.At < end - range);
        _next = end;
    }
}
