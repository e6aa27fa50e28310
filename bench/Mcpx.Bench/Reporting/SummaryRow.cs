using Mcpx.Bench.Runner;

namespace Mcpx.Bench.Reporting;

/// <summary>One line of the table. Ratios and differences are taken inside each round first, then summed up: weather cancels out.</summary>
internal sealed record SummaryRow(string Scenario, string Configuration)
{
    public required Spread? CallsPerSecond { get; init; }

    public required Spread? Cpu { get; init; }

    public required Spread? DatabaseCpu { get; init; }

    public required Spread? CpuRatio { get; init; }

    public required Spread? CpuRatioWithDatabase { get; init; }

    public required Spread? NginxRatio { get; init; }

    /// <summary>Calls per second, as a share of what goes through without a proxy.</summary>
    public required Spread? ShareOfDirect { get; init; }

    /// <summary>The proxy's working set in bytes.</summary>
    public required Spread? Resident { get; init; }

    /// <summary>Bytes per call.</summary>
    public required Spread? Allocated { get; init; }

    public required Spread? UpstreamCpu { get; init; }

    public required Spread? GeneratorCpu { get; init; }

    public required Spread? P50 { get; init; }

    public required Spread? P99 { get; init; }

    public required Spread? AddedP50 { get; init; }

    public required Spread? AddedP99 { get; init; }

    public required Spread? LatenessP99 { get; init; }

    /// <summary>CPU by that of the same way through the other gateway; null when the run has no other.</summary>
    public required Spread? CpuToOther { get; init; }

    /// <summary>Median latency beyond that of the same way through the other gateway, in microseconds.</summary>
    public required Spread? P50BeyondOther { get; init; }

    /// <summary>Bytes per call beyond those of the same way through the other gateway.</summary>
    public required Spread? AllocatedBeyondOther { get; init; }

    public required long Calls { get; init; }

    public required bool Verified { get; init; }

    public static SummaryRow Of(string scenario, string configuration, IReadOnlyList<Measurement> all)
    {
        var scene = all.Where(one => one.Scenario == scenario).ToArray();
        var own = scene.Where(one => one.Configuration == configuration).ToArray();
        var direct = ByRound(scene, Runner.Configuration.Direct);
        var passthrough = ByRound(scene, Runner.Configuration.Passthrough);
        var other = ByRound(scene, Runner.Configuration.OfOther(configuration));
        return new SummaryRow(scenario, configuration)
        {
            CallsPerSecond = Spread.Of(own.Select(one => (double?)one.CallsPerSecond)),
            Cpu = Spread.Of(own.Select(one => one.Cpu)),
            DatabaseCpu = Spread.Of(own.Select(one => one.DatabaseCpu)),
            CpuRatio = Paired(own, passthrough, (one, other) => one.Cpu / other.Cpu),
            CpuRatioWithDatabase = Paired(own, passthrough, (one, other) => (one.Cpu + one.DatabaseCpu) / other.Cpu),
            NginxRatio = Paired(own, ByRound(scene, Runner.Configuration.Nginx), (one, other) => one.Cpu / other.Cpu),
            ShareOfDirect = Paired(own, direct, (one, other) => one.CallsPerSecond / other.CallsPerSecond),
            Resident = Spread.Of(own.Select(one => (double?)one.ResidentBytes)),
            Allocated = Spread.Of(own.Select(one => one.Allocated)),
            UpstreamCpu = Spread.Of(own.Select(one => (double?)one.UpstreamCpu)),
            GeneratorCpu = Spread.Of(own.Select(one => (double?)one.GeneratorCpu)),
            P50 = Spread.Of(own.Select(one => (double?)one.P50)),
            P99 = Spread.Of(own.Select(one => (double?)one.P99)),
            AddedP50 = Paired(own, direct, (one, other) => one.P50 - other.P50),
            AddedP99 = Paired(own, direct, (one, other) => one.P99 - other.P99),
            LatenessP99 = Spread.Of(own.Select(one => (double?)one.LatenessP99)),
            CpuToOther = Paired(own, other, (one, beside) => one.Cpu / beside.Cpu),
            P50BeyondOther = Paired(own, other, (one, beside) => one.P50 - beside.P50),
            AllocatedBeyondOther = Paired(own, other, (one, beside) => one.Allocated - beside.Allocated),
            Calls = own.Sum(one => one.Calls),
            Verified = own.Length > 0 && own.All(one => one.Verified),
        };
    }

    private static Dictionary<int, Measurement> ByRound(IEnumerable<Measurement> scene, string configuration) =>
        scene.Where(one => one.Configuration == configuration).ToDictionary(one => one.Round);

    private static Spread? Paired(
        IEnumerable<Measurement> own, Dictionary<int, Measurement> reference, Func<Measurement, Measurement, double?> compare) =>
        Spread.Of(own.Where(one => reference.TryGetValue(one.Round, out var other) && other != one)
            .Select(one => compare(one, reference[one.Round])));
}
