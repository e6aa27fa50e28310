namespace Mcpx.Core.Metrics;

/// <summary>How many calls took how long, by <see cref="LatencyBuckets"/>.</summary>
public sealed class LatencyHistogram
{
    // As the database packs it: bucket << 40 | count.
    private const int CountBits = 40;
    private const long CountMask = (1L << CountBits) - 1;

    private readonly SortedDictionary<int, long> _counts;

    private LatencyHistogram(SortedDictionary<int, long> counts)
    {
        _counts = counts;
        Count = counts.Values.Sum();
    }

    public static LatencyHistogram Empty { get; } = new([]);

    public long Count { get; }

    /// <summary>Buckets that hold something, in order.</summary>
    public IReadOnlyCollection<KeyValuePair<int, long>> Counts => _counts;

    /// <param name="packed">Elements of <c>bucket &lt;&lt; 40 | count</c>; a bucket may come more than once.</param>
    public static LatencyHistogram Unpack(ReadOnlySpan<long> packed)
    {
        if (packed.IsEmpty) return Empty;
        SortedDictionary<int, long> counts = [];
        foreach (long element in packed)
            Add(counts, (int)(element >> CountBits), element & CountMask);
        return new LatencyHistogram(counts);
    }

    /// <summary>All of them in one: it says of their calls together what each says of its own.</summary>
    public static LatencyHistogram Merge(IEnumerable<LatencyHistogram> histograms)
    {
        SortedDictionary<int, long> counts = [];
        foreach (var (bucket, count) in histograms.SelectMany(h => h._counts))
            Add(counts, bucket, count);
        return counts.Count == 0 ? Empty : new LatencyHistogram(counts);
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

    private static void Add(SortedDictionary<int, long> counts, int bucket, long count) => counts[bucket] = counts.GetValueOrDefault(bucket) + count;
}
