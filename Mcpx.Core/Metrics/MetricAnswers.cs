namespace Mcpx.Core.Metrics;

/// <summary>The calls of one step.</summary>
/// <param name="At">Its start.</param>
public sealed record MetricStep(DateTimeOffset At, MetricFigures Figures);

/// <param name="Steps">All of the range, those without calls included.</param>
/// <param name="Previous">The range of the same length before; null when that is not kept any more.</param>
public sealed record MetricHistory(MetricPlan Plan, IReadOnlyList<MetricStep> Steps, MetricFigures Total, MetricFigures? Previous);

/// <summary>What something is called, or was.</summary>
/// <param name="Slug">In addresses; null for callers and for what is gone.</param>
public sealed record MetricName(string Name, bool IsGone, string? Slug);

/// <param name="Name">Of the server, gateway or caller; null where there was none, and for what nobody knows any more.</param>
/// <param name="Previous">The same in the range before; null when there was nothing, or it is not kept any more.</param>
public sealed record MetricShare(MetricKey Key, MetricName? Name, MetricFigures Figures, MetricFigures? Previous);

/// <param name="Others">How many are not among the shares.</param>
public sealed record MetricRanking(MetricPlan Plan, MetricDimension By, IReadOnlyList<MetricShare> Shares, int Others, MetricFigures OthersFigures, MetricFigures Total);

/// <param name="Histories">Of the ranking's shares, in their order.</param>
public sealed record MetricComparison(MetricRanking Ranking, IReadOnlyList<MetricHistory> Histories);

/// <summary>By what a ranking is ordered, the most first.</summary>
public enum MetricOrder
{
    Calls = 0,
    Errors = 1,
    ErrorRate = 2,
    P50 = 3,
    P95 = 4,
    P99 = 5,
}

public static class MetricOrders
{
    public static double Of(this MetricOrder order, MetricFigures figures) => order switch
    {
        MetricOrder.Calls => figures.Counts.Calls,
        MetricOrder.Errors => figures.Counts.Errors,
        MetricOrder.ErrorRate => figures.Counts.ErrorRate ?? 0,
        MetricOrder.P50 => figures.Total.Percentile(0.50) ?? 0,
        MetricOrder.P95 => figures.Total.Percentile(0.95) ?? 0,
        _ => figures.Total.Percentile(0.99) ?? 0,
    };
}

/// <summary>How many calls took how long, step by step: what percentiles hide, as two crowds of calls, is seen here.</summary>
/// <param name="Bands">From the quickest to the slowest, without gaps.</param>
public sealed record LatencyHeatMap(IReadOnlyList<LatencyBand> Bands)
{
    /// <summary>Each 1.04^6 = 1.27 times the one before.</summary>
    private const int BucketsPerBand = 6;

    /// <summary>Bands stay below 60 for anything between a microsecond and a day.</summary>
    public static LatencyHeatMap Of(MetricHistory history)
    {
        int[] bands = [.. history.Total.Total.Counts.Select(c => BandOf(c.Key))];
        if (bands.Length == 0) return new LatencyHeatMap([]);
        long[][] counts = [.. Enumerable.Range(0, bands[^1] - bands[0] + 1).Select(_ => new long[history.Steps.Count])];
        for (int step = 0; step < history.Steps.Count; step++)
        {
            foreach (var (bucket, count) in history.Steps[step].Figures.Total.Counts) counts[BandOf(bucket) - bands[0]][step] += count;
        }

        return new LatencyHeatMap([.. counts.Select((c, i) => new LatencyBand(
            LatencyBuckets.TopOf((bands[0] + i) * BucketsPerBand) / 1000, LatencyBuckets.TopOf((bands[0] + i + 1) * BucketsPerBand) / 1000, c))]);
    }

    /// <summary>Band n holds the buckets above 6n and up to 6n + 6; the first bucket of all is in the first band.</summary>
    private static int BandOf(int bucket) => Math.Max(0, bucket - 1) / BucketsPerBand;
}

/// <param name="Above">Milliseconds, not in the band.</param>
/// <param name="UpTo">Milliseconds, in the band.</param>
/// <param name="Counts">Calls of each step.</param>
public sealed record LatencyBand(double Above, double UpTo, IReadOnlyList<long> Counts);
