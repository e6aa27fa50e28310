namespace Mcpx.Core.Metrics;

/// <summary>
/// Latencies on a logarithmic scale: bucket b holds what is above 1.04^(b-1) and up to 1.04^b microseconds. Counts of buckets can be
/// added up over time and over anything else, which percentiles can't.
/// </summary>
public static class LatencyBuckets
{
    /// <summary>The most by which <see cref="MiddleOf"/> is away from anything in its bucket, as a share of that: 0.04 / 2.04.</summary>
    public const double RelativeError = (Base - 1) / (Base + 1);

    private const double Base = 1.04;

    private static readonly double LogOfBase = Math.Log(Base);

    /// <param name="microseconds">Less than one counts as one.</param>
    public static short Of(long microseconds) => microseconds <= 1 ? (short)0 : (short)Math.Ceiling(Math.Log(microseconds) / LogOfBase);

    /// <summary>What a bucket's latencies are taken for, in microseconds.</summary>
    public static double MiddleOf(int bucket) => bucket == 0 ? 1 : 2 * Math.Pow(Base, bucket) / (Base + 1);

    /// <summary>The longest latency of a bucket, in microseconds.</summary>
    public static double TopOf(int bucket) => Math.Pow(Base, bucket);
}
