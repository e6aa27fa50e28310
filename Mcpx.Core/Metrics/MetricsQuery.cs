using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>The calls of one span of time.</summary>
/// <param name="At">The span's start.</param>
/// <param name="Errors">Tool errors, upstream errors and timeouts: what went wrong, not what was refused.</param>
/// <param name="Refused">Denied, rate limited and unauthenticated.</param>
/// <param name="P50">Milliseconds; null when nothing was forwarded.</param>
public sealed record MetricPoint(DateTimeOffset At, long Calls, long Errors, long Refused, double? P50, double? P95, double? P99);

/// <summary>A range in equal steps, and the same figures over the whole of it.</summary>
public sealed record MetricSeries(TimeSpan Step, IReadOnlyList<MetricPoint> Points, MetricPoint Total);

/// <summary>One server's share of a range.</summary>
public sealed record ServerFigures(ServerId Server, MetricPoint Figures, DateTimeOffset? LastCall);

public interface IMetricStore
{
    /// <summary>Every step of [from, to) in order, steps without calls included.</summary>
    Task<MetricSeries> SeriesAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken);

    Task<IReadOnlyList<ServerFigures>> ByServerAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);
}

/// <summary>What the dashboard asks of history.</summary>
public sealed class MetricsQuery(IMetricStore store, TimeProvider time)
{
    private const int MostPoints = 300;

    /// <summary>The last <paramref name="range"/> up to now, in steps of whole seconds, at most 300 of them.</summary>
    public Task<MetricSeries> RecentAsync(Actor actor, TimeSpan range, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        TimeSpan step = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(range.TotalSeconds / MostPoints)));
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset end = new(now.UtcTicks - now.UtcTicks % step.Ticks + step.Ticks, TimeSpan.Zero);
        return store.SeriesAsync(actor.Organization, end - range, end, step, cancellationToken);
    }

    public Task<IReadOnlyList<ServerFigures>> ByServerAsync(Actor actor, TimeSpan range, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        DateTimeOffset now = time.GetUtcNow();
        return store.ByServerAsync(actor.Organization, now - range, now.AddSeconds(1), cancellationToken);
    }
}
