namespace Mcpx.Core.Metrics;

/// <summary>Adds up latencies bucket by bucket, to make a <see cref="LatencyHistogram"/> of them.</summary>
public sealed class LatencyCounts
{
    // As the database packs it: bucket << 40 | count.
    private const int CountBits = 40;
    private const long CountMask = (1L << CountBits) - 1;

    // Up to the bucket of an hour; longer ones make it grow.
    private long[] _counts = new long[576];

    /// <param name="bucket">From 0, see <see cref="LatencyBuckets"/>.</param>
    public void Add(int bucket, long count)
    {
        if (bucket >= _counts.Length) Array.Resize(ref _counts, bucket + 1);
        _counts[bucket] += count;
    }

    /// <param name="element"><c>bucket &lt;&lt; 40 | count</c>; a bucket may come more than once.</param>
    public void AddPacked(long element) => Add((int)(element >> CountBits), element & CountMask);

    /// <summary>What was added so far; begins anew.</summary>
    public LatencyHistogram Take()
    {
        List<KeyValuePair<int, long>> held = [];
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            if (_counts[bucket] > 0) held.Add(new(bucket, _counts[bucket]));
        }

        Array.Clear(_counts);
        return held.Count == 0 ? LatencyHistogram.Empty : new LatencyHistogram(held);
    }
}
