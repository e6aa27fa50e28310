using Mcpx.Bench.Runner;

namespace Mcpx.Bench.Reporting;

/// <summary>A figure that the gateway should hold, and what this run saw. Judged by the median.</summary>
internal sealed record TargetLine(string What, double Limit, string Unit, Spread Seen)
{
    private const double MostCpuRatio = 1.5;
    private const double MostMegabytes = 250;
    private const double MostColdStartSeconds = 5;
    private const double BytesPerMegabyte = 1_000_000;

    public bool Met => Seen.Median <= Limit;

    /// <summary>Empty when the gateway was not part of the run.</summary>
    public static IReadOnlyList<TargetLine> Of(BenchReport report) =>
    [
        .. from row in report.Rows
           where row.Configuration == Configuration.Mcpx && row.CpuRatio is not null && row.Scenario.StartsWith("closed", StringComparison.Ordinal)
           select new TargetLine($"gateway CPU per call ÷ passthrough, {row.Scenario}", MostCpuRatio, "×", row.CpuRatio!),
        .. from reading in report.Memory
           where reading.Configuration == Configuration.Mcpx && reading.When.StartsWith("after", StringComparison.Ordinal)
           let megabytes = reading.ResidentBytes / BytesPerMegabyte
           select new TargetLine($"working set {reading.When}", MostMegabytes, "MB", new Spread(megabytes, megabytes, megabytes)),
        .. from seen in new[] { Spread.Of(report.ColdStartSeconds.Select(seconds => (double?)seconds)) }
           where seen is not null
           select new TargetLine("cold start to /readyz, existing database", MostColdStartSeconds, "s", seen),
    ];
}
