namespace Mcpx.Core.Metrics;

/// <summary>How many calls took how long, by <see cref="LatencyBuckets"/>.</summary>
public sealed class LatencyHistogram
{
    private readonly List<KeyValuePair<int, long>> _counts;

    internal LatencyHistogram(List<KeyValuePair<int, long>> counts)
    {
        _counts = counts;
        Count = counts.Sum(c => c.Value);
    }

    public static LatencyHistogram Empty { get; } = new([]);

    public long Count { get; }

    /// <summary>Buckets that hold something, in order.</summary>
    public IReadOnlyCollection<KeyValuePair<int, long>> Counts => _counts;

    /// <summary>All of them in one: it says of their calls together what each says of its own.</summary>
    public static LatencyHistogram Merge(IEnumerable<LatencyHistogram> histograms)
    {
        LatencyCounts counts = new();
        foreach (var (bucket, count) in histograms.SelectMany(h => h._counts))
            counts.Add(bucket, count);
        return counts.Take();
    }

    /// <summary>
    /// The latency that this share of the calls did not exceed (nearest rank), in milliseconds, at most
    /// <see cref="LatencyBuckets.RelativeError"/> away from the true one; null when there are none.
    /// </summary>
    /// <param name="share">Above 0 and up to 1: 0.95 for the 95th percentile.</param>
    public double? Percentile(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        long rank = (long)Math.Ceiling(share * Count), seen = 0;
        foreach (var (bucket, count) in _counts)
        {
            seen += count;
            if (seen >= rank) return LatencyBuckets.MiddleOf(bucket) / 1000;
        }

        return null;
    }
}
