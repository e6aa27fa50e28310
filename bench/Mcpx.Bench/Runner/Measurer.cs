using Mcpx.Bench.Accounting;
using Mcpx.Bench.Upstream;

namespace Mcpx.Bench.Runner;

/// <summary>Runs one stretch of load with every meter on.</summary>
internal sealed class Measurer(Stage stage)
{
    private static readonly TimeSpan SettleStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(10);

    // Timers and the thread pool's own housekeeping stay well under this in a step; work does not.
    private const long QuietNanosecondsPerStep = 4_000_000;

    public async Task<Measurement> MeasureAsync(
        Configuration configuration, Scenario scenario, int round, CancellationToken cancellationToken)
    {
        var before = await StatsAsync(configuration, cancellationToken);
        var allocated = await AllocatedAsync(configuration, cancellationToken);
        var proxy = configuration.Meter();
        var database = configuration.DatabaseRoots is { } roots ? CpuMeter.OfTrees(roots()) : null;
        var upstream = CpuMeter.OfProcess(stage.UpstreamProcessId);
        var generator = CpuMeter.OfProcess(Environment.ProcessId);
        var load = await scenario.RunAsync(configuration.Target, cancellationToken);
        var (upstreamCpu, generatorCpu) = (upstream.Nanoseconds, generator.Nanoseconds);
        var resident = configuration.ResidentBytes();
        await SettleAsync(configuration.Settle, () => (proxy?.Nanoseconds ?? 0) + (database?.Nanoseconds ?? 0), cancellationToken);
        var (proxyCpu, databaseCpu) = (proxy?.Nanoseconds, database?.Nanoseconds);
        var allocation = await AllocatedAsync(configuration, cancellationToken) - allocated;
        var after = await StatsAsync(configuration, cancellationToken);
        return new Measurement
        {
            Configuration = configuration.Name,
            Scenario = scenario.Name,
            Round = round,
            Calls = load.Calls,
            Failed = load.Failed,
            UpstreamCalls = after.Calls - before.Calls,
            WrongCredentials = after.WrongCredential - before.WrongCredential,
            Problems = load.Problems,
            CallsPerSecond = load.CallsPerSecond,
            Cpu = PerCall(proxyCpu),
            DatabaseCpu = PerCall(databaseCpu),
            UpstreamCpu = PerCall(upstreamCpu)!.Value,
            GeneratorCpu = PerCall(generatorCpu)!.Value,
            P50 = Micros(load.Latency.Percentile(0.5)),
            P99 = Micros(load.Latency.Percentile(0.99)),
            Max = Micros(load.Latency.Max),
            Allocated = allocation / (double)Math.Max(1, load.Calls),
            ResidentBytes = resident,
            ReachesUpstream = scenario.ReachesUpstream,
            LatenessP99 = Micros(load.Lateness.Percentile(0.99)),
        };

        double? PerCall(long? nanoseconds) => nanoseconds / 1000.0 / Math.Max(1, load.Calls);
    }

    /// <summary>Waits until so little happens for so long. Work that a proxy puts off (writing the audit trail) belongs to the calls that caused it.</summary>
    /// <param name="settle">Nothing to wait for when zero.</param>
    /// <param name="nanoseconds">CPU used until now.</param>
    public static async Task SettleAsync(TimeSpan settle, Func<long> nanoseconds, CancellationToken cancellationToken)
    {
        var quiet = TimeSpan.Zero;
        var waited = TimeSpan.Zero;
        var last = nanoseconds();
        while (quiet < settle && waited < SettleLimit)
        {
            await Task.Delay(SettleStep, cancellationToken);
            var now = nanoseconds();
            quiet = now - last < QuietNanosecondsPerStep ? quiet + SettleStep : TimeSpan.Zero;
            waited += SettleStep;
            last = now;
        }
    }

    private async Task<UpstreamStats> StatsAsync(Configuration configuration, CancellationToken cancellationToken) =>
        configuration.OwnCalls is { } calls ? new UpstreamStats(calls(), 0, 0, 0) : await stage.UpstreamStatsAsync(cancellationToken);

    private static async Task<long?> AllocatedAsync(Configuration configuration, CancellationToken cancellationToken) =>
        configuration.ProcessId is { } process ? (await RuntimeProbe.ReadAsync(process, collect: false, cancellationToken))?.Allocated : null;

    private static double Micros(long nanoseconds) => nanoseconds / 1000.0;
}
