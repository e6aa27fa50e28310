using FsCheck.Fluent;
using Mcpx.Core.Metrics;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void A_bucket_holds_what_its_middle_is_near_to()
    {
        // Every small one, and the borders of all others up to a month.
        long[] borders = [.. Enumerable.Range(0, 720).Select(b => (long)LatencyBuckets.TopOf(b)).SelectMany(t => (long[])[t - 1, t, t + 1])];
        foreach (long microseconds in (long[])[.. Enumerable.Range(1, 5000), .. borders.Where(b => b > 0)])
        {
            short bucket = LatencyBuckets.Of(microseconds);
            (Math.Abs(LatencyBuckets.MiddleOf(bucket) - microseconds) / microseconds).ShouldBeLessThanOrEqualTo(LatencyBuckets.RelativeError + 1e-9, $"{microseconds} µs");
        }

        LatencyBuckets.Of(0).ShouldBe(LatencyBuckets.Of(1));
        LatencyBuckets.Of(-5).ShouldBe((short)0);
        LatencyBuckets.Of(long.MaxValue).ShouldBeGreaterThan((short)1000);
    }

    [Fact]
    public void Merged_histograms_say_what_one_of_all_says() => Property.Holds(
        Gen.Two(Gen.Choose(0, 30_000_000).Select(i => (long)i).ArrayOf()), pair =>
        {
            LatencyHistogram together = Of([.. pair.Item1, .. pair.Item2]);
            LatencyHistogram merged = LatencyHistogram.Merge([Of(pair.Item1), Of(pair.Item2)]);
            merged.Counts.ShouldBe(together.Counts);
            merged.Percentile(0.95).ShouldBe(together.Percentile(0.95));
        });

    [Fact]
    public void A_bucket_that_comes_twice_is_added_up()
    {
        LatencyHistogram histogram = Unpack([5L << 40 | 2, 3L << 40 | 1, 5L << 40 | 4]);
        histogram.Counts.ShouldBe([new(3, 1), new(5, 6)]);
        histogram.Count.ShouldBe(7);
    }

    [Fact]
    public void What_was_taken_is_counted_no_more()
    {
        LatencyCounts counts = new();
        counts.Add(2, 1);
        counts.Take().Count.ShouldBe(1);
        counts.Take().ShouldBeSameAs(LatencyHistogram.Empty);
        // Longer than any bucket that it has room for.
        counts.Add(LatencyBuckets.Of(long.MaxValue), 7);
        counts.Take().Counts.ShouldBe([new(LatencyBuckets.Of(long.MaxValue), 7)]);
    }

    [Fact]
    public void None_has_no_percentile()
    {
        LatencyHistogram.Empty.Percentile(0.5).ShouldBeNull();
        Should.Throw<ArgumentOutOfRangeException>(() => LatencyHistogram.Empty.Percentile(0));
    }

    private static LatencyHistogram Of(long[] microseconds) => Unpack([.. microseconds.Select(m => (long)LatencyBuckets.Of(m) << 40 | 1)]);

    private static LatencyHistogram Unpack(long[] packed)
    {
        LatencyCounts counts = new();
        foreach (long element in packed) counts.AddPacked(element);
        return counts.Take();
    }
}
