using System.Runtime.InteropServices;
using Mcpx.Bench.Runner;

namespace Mcpx.Bench.Reporting;

/// <summary>Memory of one configuration's proxy, and of its database with shared pages divided, in bytes.</summary>
internal sealed record MemoryReading(string Configuration, string When, long ResidentBytes, long? DatabaseBytes);

/// <summary>Where the figures are from; without it they mean nothing.</summary>
internal sealed record RunEnvironment(DateTimeOffset At, int Cores, string Runtime, string System, bool Optimized)
{
    public static RunEnvironment Current(TimeProvider time) => new(
        time.GetUtcNow(), Environment.ProcessorCount, RuntimeInformation.FrameworkDescription,
        RuntimeInformation.OSDescription, IsOptimized);

#if DEBUG
    private static bool IsOptimized => false;
#else
    private static bool IsOptimized => true;
#endif
}

/// <param name="LeftOut">What was asked for and could not be measured, and why.</param>
/// <param name="Versions">Of the programs that are not ours.</param>
internal sealed record BenchReport(
    RunEnvironment Environment,
    RunOptions Options,
    IReadOnlyList<string> LeftOut,
    IReadOnlyList<string> Versions,
    IReadOnlyList<Measurement> Measurements,
    IReadOnlyList<MemoryReading> Memory,
    IReadOnlyList<double> ColdStartSeconds,
    IReadOnlyList<ClientsReading> Clients,
    IReadOnlyList<RedactionReading> Redaction,
    ScaleReading? Scale)
{
    public bool AllVerified => Measurements.All(measurement => measurement.Verified) && Clients.All(reading => reading.Verified) && Scale is not { Verified: false };

    public IReadOnlyList<SummaryRow> Rows =>
    [
        .. from scenario in Measurements.GroupBy(measurement => measurement.Scenario)
           from configuration in scenario.Select(measurement => measurement.Configuration).Distinct().OrderBy(Place)
           select SummaryRow.Of(scenario.Key, configuration, Measurements),
    ];

    public IReadOnlyList<TargetLine> Targets => TargetLine.Of(this);

    // Each round begins with another one; the table does not.
    private int Place(string configuration) => Options.Everything.ToList().IndexOf(configuration) is >= 0 and var place ? place : int.MaxValue;
}
