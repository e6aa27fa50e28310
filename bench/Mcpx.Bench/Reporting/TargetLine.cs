using Mcpx.Bench.Runner;

namespace Mcpx.Bench.Reporting;

/// <summary>A figure that the gateway should hold, and what this run saw. Judged by the median.</summary>
internal sealed record TargetLine(string What, double Limit, string Unit, Spread Seen)
{
    private const double MostCpuRatio = 1.5;
    private const double MostBridgeCpuRatio = 3;
    private const double MostMegabytes = 250;
    private const double MostColdStartSeconds = 5;
    private const double MostListMilliseconds = 5;
    private const double BytesPerMegabyte = 1_000_000;
    private const double MicrosPerMilli = 1_000;

    public bool Met => Seen.Median <= Limit;

    /// <summary>Empty when the gateway was not part of the run.</summary>
    public static IReadOnlyList<TargetLine> Of(BenchReport report) =>
    [
        .. from row in report.Rows
           where Configuration.IsGateways(row.Configuration) && row.CpuRatio is not null && row.Scenario.StartsWith("closed", StringComparison.Ordinal)
           select new TargetLine($"{row.Configuration} CPU per call ÷ passthrough, {row.Scenario}", MostRatioOf(row.Configuration, report.Options), "×", row.CpuRatio!),
        .. from reading in report.Memory
           where Configuration.IsGateways(reading.Configuration) && reading.When.StartsWith("after", StringComparison.Ordinal)
           select new TargetLine($"working set {reading.When}", MostMegabytes, "MB", One(reading.ResidentBytes / BytesPerMegabyte)),
        .. from seen in new[] { Spread.Of(report.ColdStartSeconds.Select(seconds => (double?)seconds)) }
           where seen is not null
           select new TargetLine("cold start to /readyz, existing database", MostColdStartSeconds, "s", seen),
        .. from reading in report.Clients
           let most = MostClientMegabytes(reading.Clients)
           where most is not null
           select new TargetLine($"{reading.Clients:N0} open clients, {reading.Endpoint}: working set over idle", most.Value, "MB", One(reading.ResidentGrowth / BytesPerMegabyte)),
        .. from row in report.Rows
           where row.Scenario == new Scenario.Lists(1, 0).Name && row.P99 is not null
           select new TargetLine($"{row.Scenario} of {row.Configuration}, p99", MostListMilliseconds, "ms", InMilliseconds(row.P99!)),
    ];

    /// <summary>Where gateway and upstream keep sessions of their own, a virtual gateway is a bridge too.</summary>
    private static double MostRatioOf(string configuration, RunOptions options) => configuration switch
    {
        Configuration.Mcpx => MostCpuRatio,
        Configuration.Virtual when options.Era == Wire.WireEra.Stateless => MostCpuRatio,
        _ => MostBridgeCpuRatio,
    };

    private static double? MostClientMegabytes(int clients) => clients switch { <= 1_000 => 100, 10_000 => 150, _ => null };

    private static Spread One(double value) => new(value, value, value);

    private static Spread InMilliseconds(Spread micros) =>
        new(micros.Median / MicrosPerMilli, micros.Min / MicrosPerMilli, micros.Max / MicrosPerMilli);
}
