namespace Mcpx.Bench.Load;

/// <summary>What a stretch of load did. <see cref="Lateness"/> is the generator's own: how long after its due time a call was released.</summary>
internal sealed record LoadResult(
    long Calls, long Failed, IReadOnlyList<string> Problems, TimeSpan Elapsed, LatencyHistogram Latency, LatencyHistogram Lateness)
{
    public double CallsPerSecond => Elapsed > TimeSpan.Zero ? Calls / Elapsed.TotalSeconds : 0;
}
