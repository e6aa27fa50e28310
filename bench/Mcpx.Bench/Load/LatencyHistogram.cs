using System.Numerics;

namespace Mcpx.Bench.Load;

/// <summary>
/// Durations in nanoseconds, counted in buckets whose width grows with the value (as HdrHistogram does):
/// every value is kept within 0.8 %, from one nanosecond to centuries, in a fixed 58 KB.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 7;
    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[(64 - SubBucketBits) * SubBuckets];

    public long Count { get; private set; }

    public long Max { get; private set; }

    public void Record(long nanoseconds)
    {
        var value = Math.Max(0, nanoseconds);
        _counts[IndexOf(value)]++;
        Count++;
        Max = Math.Max(Max, value);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The value that this share of all values does not exceed; 0 when nothing was recorded.</summary>
    public long Percentile(double share)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return Math.Min(UpperEdge(i), Max);
        }
        return 0;
    }

    // Below 128 a bucket per value; above, 128 buckets per doubling.
    private static int IndexOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value | 1) - SubBucketBits);
        return (shift * SubBuckets) + (int)(value >> shift);
    }

    private static long UpperEdge(int index)
    {
        if (index < 2 * SubBuckets) return index;
        var shift = (index / SubBuckets) - 1;
        var sub = index - (shift * SubBuckets);
        return ((sub + 1L) << shift) - 1;
    }
}
