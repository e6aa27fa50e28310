using Mcpx.Bench.Runner;
using Way = Mcpx.Bench.Runner.Configuration;

namespace Mcpx.Bench.Reporting;

/// <summary>A figure that the gateway should hold, and what this run saw. Judged by the median.</summary>
internal sealed record TargetLine(string What, double Limit, string Unit, Spread Seen)
{
    private const double MostOfNginx = 5;
    private const double MostOfNginxMetadataOnly = 2.5;
    private const double MostOfNginxMiddle = 2.5;
    private const double MostOfNginxLarge = 2;
    private const double MostBridgeCpuRatio = 3;
    private const double MostAddedMilliseconds = 0.5;
    private const double MostAddedTailMilliseconds = 5;
    private const double LeastCallsPerSecond = 10_000;

    /// <summary>What a quiet machine does without a proxy: throughput is judged as a share of it.</summary>
    private const double DirectCallsPerSecond = 35_000;
    private const double MostIdleMegabytes = 170;
    private const double MostMegabytes = 220;
    private const double MostColdStartSeconds = 3;
    private const double MostKilobytesAllocated = 8;
    private const double MostListMilliseconds = 5;
    private const double MostScaleRatio = 1.1;
    private const double BytesPerMegabyte = 1_000_000;
    private const double BytesPerKilobyte = 1_000;
    private const double MicrosPerMilli = 1_000;

    /// <summary>The limit is the least that is right, not the most.</summary>
    public bool AtLeast { get; init; }

    public bool Met => AtLeast ? Seen.Median >= Limit : Seen.Median <= Limit;

    /// <summary>Empty when the gateway was not part of the run. Lines by nginx are missing where it is.</summary>
    public static IReadOnlyList<TargetLine> Of(BenchReport report) =>
        [.. report.Rows.SelectMany(OfRow), .. OfMemory(report), .. OfClients(report), .. OfScale(report)];

    private static IEnumerable<TargetLine> OfRow(SummaryRow row)
    {
        if (row.Scenario.StartsWith("tools/list", StringComparison.Ordinal))
        {
            if (row.Scenario.EndsWith(" c=1", StringComparison.Ordinal) && row.Configuration.Contains('×', StringComparison.Ordinal) && row.P99 is { } p99)
                yield return new TargetLine($"{row.Scenario}, {row.Configuration}, p99", MostListMilliseconds, "ms", Divided(p99, MicrosPerMilli));
            yield break;
        }
        if (!Way.IsGateways(row.Configuration)) yield break;
        if (MostOfNginxFor(row) is { } most && row.NginxRatio is { } ratio)
            yield return new TargetLine($"{row.Configuration} CPU per call ÷ nginx, {row.Scenario}", most, "×", ratio);
        if (IsBridge(row.Configuration) && row.Scenario.StartsWith("closed", StringComparison.Ordinal) && row.CpuRatio is { } bridged)
            yield return new TargetLine($"{row.Configuration} CPU per call ÷ passthrough, {row.Scenario}", MostBridgeCpuRatio, "×", bridged);
        if (row.Configuration != Way.Mcpx) yield break;
        foreach (var line in OfRaw(row)) yield return line;
    }

    /// <summary>Of the raw leg with everything on.</summary>
    private static IEnumerable<TargetLine> OfRaw(SummaryRow row)
    {
        if (row.Scenario == Closed(1) && row.AddedP50 is { } added)
            yield return new TargetLine($"added p50, {row.Scenario}", MostAddedMilliseconds, "ms", Divided(added, MicrosPerMilli));
        if (row.Scenario == Closed(16) && row.Allocated is { } allocated)
            yield return new TargetLine($"allocated per call, {row.Scenario}", MostKilobytesAllocated, "KB", Divided(allocated, BytesPerKilobyte));
        if (row.Scenario == Closed(64) && row.ShareOfDirect is { } share)
            yield return new TargetLine($"calls/s, {row.Scenario}, where direct makes {DirectCallsPerSecond:N0}", LeastCallsPerSecond, "/s", Divided(share, 1 / DirectCallsPerSecond)) { AtLeast = true };
        if (row.Scenario == new Scenario.Open(Scenario.Open.UsualRate, 0).Name && row.AddedP99 is { } tail)
            yield return new TargetLine($"added p99, {row.Scenario}", MostAddedTailMilliseconds, "ms", Divided(tail, MicrosPerMilli));
    }

    private static IEnumerable<TargetLine> OfMemory(BenchReport report)
    {
        foreach (var reading in report.Memory.Where(reading => Way.IsGateways(reading.Configuration)))
        {
            double? most = reading.When.StartsWith("before", StringComparison.Ordinal) ? MostIdleMegabytes
                : reading.When.StartsWith("after", StringComparison.Ordinal) ? MostMegabytes : null;
            if (most is { } limit) yield return new TargetLine($"working set {reading.When}", limit, "MB", One(reading.ResidentBytes / BytesPerMegabyte));
        }
        if (Spread.Of(report.ColdStartSeconds.Select(seconds => (double?)seconds)) is { } starts)
            yield return new TargetLine("cold start to /readyz, existing database", MostColdStartSeconds, "s", starts);
    }

    private static IEnumerable<TargetLine> OfClients(BenchReport report) =>
        from reading in report.Clients
        let most = MostClientMegabytes(reading.Clients)
        where most is not null
        select new TargetLine($"{reading.Clients:N0} open clients, {reading.Endpoint}: working set over idle", most.Value, "MB", One(reading.ResidentGrowth / BytesPerMegabyte));

    private static IEnumerable<TargetLine> OfScale(BenchReport report) =>
        report.Scale is { CpuRatio: { } ratio } scale
            ? [new TargetLine($"CPU per call with {scale.Organizations:N0} organisations ÷ with one", MostScaleRatio, "×", ratio)]
            : [];

    private static double? MostOfNginxFor(SummaryRow row) => (row.Configuration, row.Scenario) switch
    {
        (Way.Mcpx, var scenario) when IsCrowd(scenario) => MostOfNginx,
        (Way.McpxMetadata, var scenario) when IsCrowd(scenario) => MostOfNginxMetadataOnly,
        (Way.Mcpx, var scenario) when scenario.StartsWith("answers of 64 KB", StringComparison.Ordinal) => MostOfNginxMiddle,
        (Way.Mcpx, var scenario) when scenario.StartsWith("answers of 1 MB", StringComparison.Ordinal) => MostOfNginxLarge,
        _ => null,
    };

    private static bool IsCrowd(string scenario) => scenario == Closed(16) || scenario == Closed(64);

    private static bool IsBridge(string configuration) => configuration is Way.BridgeToSession or Way.BridgeToStateless or Way.VirtualBridge;

    private static string Closed(int concurrency) => new Scenario.Closed(concurrency, 0).Name;

    private static double? MostClientMegabytes(int clients) => clients switch { <= 1_000 => 100, 10_000 => 150, _ => null };

    private static Spread One(double value) => new(value, value, value);

    private static Spread Divided(Spread seen, double by) => new(seen.Median / by, seen.Min / by, seen.Max / by);
}
