using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Reads one organisation's figures again and again, those of all ranges that are looked at in one question, and each time only what
/// is new. Reading all of a day every second would keep the database busy with nothing else.
/// </summary>
internal sealed class LiveReader(IMetricStore store, TimeProvider time, OrganizationId organization)
{
    // A call is written a moment after it ended; a step that is read too early would stay short of it for ever.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ServersEvery = TimeSpan.FromSeconds(3);

    private readonly Dictionary<TimeSpan, LiveSteps> _ranges = [];
    private IReadOnlyList<ServerFigures> _servers = [];
    private DateTimeOffset _serversAt;

    /// <param name="ranges">Those that are looked at; what is known of others is forgotten.</param>
    /// <returns>A frame of each.</returns>
    public async Task<IReadOnlyDictionary<TimeSpan, LiveFrame>> ReadAsync(IReadOnlyCollection<TimeSpan> ranges, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (TimeSpan left in _ranges.Keys.Except(ranges).ToArray()) _ranges.Remove(left);
        foreach (TimeSpan range in ranges) _ranges.TryAdd(range, new LiveSteps(range));
        (LiveSteps Steps, MetricSpan Span)[] news = [.. _ranges.Values.Select(s => (s, s.Missing(now - Grace))).Where(s => s.Item2 is not null).Select(s => (s.s, s.Item2!))];
        MetricSpan? servers = now - _serversAt >= ServersEvery ? new MetricSpan(now - LiveFigures.ServersRange, now, LiveFigures.ServersRange) : null;
        LiveAnswer answer = await store.LiveAsync(organization, [new MetricSpan(now - Minute, now, Minute), .. news.Select(s => s.Span)], servers, cancellationToken);
        foreach (var ((steps, span), series) in news.Zip(answer.Series.Skip(1))) steps.Take(span, series.Points);
        if (answer.Servers is { } found) (_servers, _serversAt) = (found, now);
        return _ranges.ToDictionary(r => r.Key, r => new LiveFrame(now, r.Value.Step, answer.Series[0].Total, r.Value.Points, _servers, Stale: false));
    }
}

/// <summary>One range in completed steps, as far as it was read.</summary>
internal sealed class LiveSteps(TimeSpan range)
{
    private const int MostSteps = 300;

    private readonly List<MetricPoint> _points = [];
    private DateTimeOffset _next;

    public TimeSpan Step { get; } = StepOf(range);

    /// <summary>As they are now.</summary>
    public IReadOnlyList<MetricPoint> Points => [.. _points];

    public static TimeSpan StepOf(TimeSpan range) => TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(range.TotalSeconds / MostSteps)));

    /// <summary>What has ended since it was read last: the whole range at first. Null when nothing has.</summary>
    public MetricSpan? Missing(DateTimeOffset until)
    {
        DateTimeOffset end = new(until.UtcTicks - until.UtcTicks % Step.Ticks, TimeSpan.Zero);
        DateTimeOffset from = _points.Count == 0 || _next < end - range ? end - range : _next;
        return from < end ? new MetricSpan(from, end, Step) : null;
    }

    public void Take(MetricSpan span, IReadOnlyList<MetricPoint> points)
    {
        if (span.From != _next) _points.Clear();
        _points.AddRange(points);
        _points.RemoveAll(p => p.At < span.To - range);
        _next = span.To;
    }
}
