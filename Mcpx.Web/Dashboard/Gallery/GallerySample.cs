using Mcpx.Web.Dashboard.Charts;

namespace Mcpx.Web.Dashboard.Gallery;

/// <summary>Figures of one second, the same for everybody who asks for that second.</summary>
internal sealed record GallerySample(double Rate, double P50, double P95, double P99, double Errors, double Refused, double Failed)
{
    public static GallerySample At(DateTimeOffset at)
    {
        var t = at.ToUnixTimeSeconds();
        var wave = 1 + (0.5 * Math.Sin(t / 23.0));
        var p50 = (32 * wave) + (6 * Noise(t, 1));
        return new GallerySample(
            Rate: 1100 + (260 * wave) + (90 * Noise(t, 2)),
            P50: p50,
            P95: (p50 * 2.1) + (24 * Noise(t, 3)),
            P99: (p50 * 3.2) + (90 * Noise(t, 4)),
            Errors: 0.2 + (0.5 * Noise(t, 5)),
            Refused: 60 + (40 * Noise(t, 6)),
            Failed: 12 * Noise(t, 7));
    }

    // A hash of the second: looks like noise, and is the same at the next rendering.
    private static double Noise(long t, int salt) => ((uint)HashOf(t, salt) % 1000) / 1000.0;

    private static int HashOf(long t, int salt)
    {
        var x = unchecked((uint)((t * 2654435761) ^ (salt * 40503)));
        x ^= x >> 15;
        x *= 2246822519;
        x ^= x >> 13;
        return (int)(x & int.MaxValue);
    }
}

/// <summary>Two minutes of samples, as the charts want them.</summary>
internal sealed record GalleryHistory(ChartHistory Rate, ChartHistory P95, ChartHistory Errors, ChartHistory Latency, ChartHistory Calls)
{
    public static GalleryHistory Until(DateTimeOffset now)
    {
        DateTimeOffset[] instants = [.. Enumerable.Range(0, 121).Select(i => now.AddSeconds(i - 121))];
        GallerySample[] samples = [.. instants.Select(GallerySample.At)];
        long[] times = [.. instants.Select(instant => instant.ToUnixTimeMilliseconds())];
        return new GalleryHistory(
            Of(s => s.Rate),
            Of(s => s.P95),
            Of(s => s.Errors),
            Of(s => s.P50, s => s.P95, s => s.P99),
            Of(s => s.Rate, s => s.Refused, s => s.Failed));

        ChartHistory Of(params Func<GallerySample, double>[] lines) =>
            new(times, [.. lines.Select(line => (IReadOnlyList<double?>)[.. samples.Select(sample => (double?)line(sample))])]);
    }
}
