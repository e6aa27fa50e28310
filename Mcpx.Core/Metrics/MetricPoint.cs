using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>The calls of one span of time, as live figures show them.</summary>
/// <param name="At">The span's start.</param>
/// <param name="Errors">Tool errors, upstream errors and timeouts: what went wrong, not what was refused.</param>
/// <param name="Refused">Denied, rate limited and unauthenticated.</param>
/// <param name="P50">Milliseconds; null when nothing was forwarded.</param>
public sealed record MetricPoint(DateTimeOffset At, long Calls, long Errors, long Refused, double? P50, double? P95, double? P99);

/// <summary>A range in equal steps, and the same figures over the whole of it.</summary>
public sealed record MetricSeries(TimeSpan Step, IReadOnlyList<MetricPoint> Points, MetricPoint Total);

/// <summary>One server's share of a range.</summary>
public sealed record ServerFigures(ServerId Server, MetricPoint Figures, DateTimeOffset? LastCall);

/// <summary>A range in steps.</summary>
/// <param name="From">In.</param>
/// <param name="To">Out.</param>
public sealed record MetricSpan(DateTimeOffset From, DateTimeOffset To, TimeSpan Step);

/// <param name="Series">One for each span that was asked for.</param>
/// <param name="Servers">Null when they were not asked for.</param>
public sealed record LiveAnswer(IReadOnlyList<MetricSeries> Series, IReadOnlyList<ServerFigures>? Servers);
