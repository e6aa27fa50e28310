using Mcpx.Bench.Accounting;
using Mcpx.Bench.Load;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Reporting;

namespace Mcpx.Bench.Runner;

/// <summary>The whole run: everything up, memory while warming, interleaved rounds, cold starts last.</summary>
internal sealed class BenchRunner(RunOptions options, TextWriter progress, TimeProvider time)
{
    private const int WarmUpConcurrency = 64;
    private const int PeerWarmUpConcurrency = 8;
    private const int MostPeerWarmUpCalls = 5_000;

    public async Task<BenchReport> RunAsync(CancellationToken cancellationToken)
    {
        await using var stage = await Stage.SetUpAsync(options, progress, cancellationToken);
        var (measurements, memory) = options.Parts.Contains(RunParts.Calls) ? await CallsAsync(stage, cancellationToken) : ([], []);
        IReadOnlyList<double> coldStarts = options.Parts.Contains(RunParts.Starts) ? await ColdStartsAsync(stage, cancellationToken) : [];
        IReadOnlyList<ClientsReading> clients = [];
        ScaleReading? scale = null;
        if (stage is { Gateway: { } gateway, Endpoints: { } endpoints })
        {
            if (options.Parts.Contains(RunParts.Clients)) clients = await new ClientsPart(stage, options, progress).RunAsync(gateway, endpoints, cancellationToken);
            if (options.Parts.Contains(RunParts.Lists)) measurements = [.. measurements, .. await new ListsPart(stage, options, progress).RunAsync(gateway, endpoints, cancellationToken)];
            if (options.Parts.Contains(RunParts.Snapshot)) scale = await new ScalePart(stage, options, progress).RunAsync(gateway, endpoints, cancellationToken);
        }
        IReadOnlyList<RedactionReading> redaction = options.Parts.Contains(RunParts.Redaction) ? RedactionPart.Run(options, time) : [];
        return new BenchReport(RunEnvironment.Current(time), options, stage.LeftOut, stage.Versions, measurements, memory, coldStarts, clients, redaction, scale);
    }

    private async Task<(IReadOnlyList<Measurement> Measurements, IReadOnlyList<MemoryReading> Memory)> CallsAsync(Stage stage, CancellationToken cancellationToken)
    {
        var memory = new List<MemoryReading>();
        // All ways through the gateway lead through one process, which is fresh for the first of them only.
        var firsts = stage.Configurations.DistinctBy(configuration => configuration.ProcessId).ToArray();
        foreach (var configuration in stage.Configurations)
        {
            var readings = await WarmUpAsync(configuration, cancellationToken);
            if (firsts.Contains(configuration)) memory.AddRange(readings);
        }
        var measurements = await RoundsAsync(stage, cancellationToken);
        memory.AddRange(firsts.SelectMany(configuration => Memory(configuration, "at the end")));
        return (measurements, memory);
    }

    private async Task<IReadOnlyList<MemoryReading>> WarmUpAsync(Configuration configuration, CancellationToken cancellationToken)
    {
        await progress.WriteLineAsync($"warming {configuration.Name} …");
        var started = Memory(configuration, "before the first call");
        if (Configuration.IsPeer(configuration.Name))
        {
            // Slow, and warm early: a compiler of Node's is done after some thousands.
            await CallAsync(Math.Min(options.WarmUpCalls, MostPeerWarmUpCalls), PeerWarmUpConcurrency);
            return started;
        }
        await CallAsync(options.MemoryCalls);
        var called = Memory(configuration, $"after {options.MemoryCalls:N0} calls");
        if (options.WarmUpCalls > options.MemoryCalls) await CallAsync(options.WarmUpCalls - options.MemoryCalls);
        return [.. started, .. called];

        async Task CallAsync(long calls, int concurrency = WarmUpConcurrency)
        {
            var load = await ClosedLoop.RunAsync(configuration.Target, concurrency, calls, cancellationToken);
            if (load.Failed > 0) throw new BenchException($"{configuration.Name} answers wrongly: {load.Problems[0]}");
        }
    }

    private async Task<IReadOnlyList<Measurement>> RoundsAsync(Stage stage, CancellationToken cancellationToken)
    {
        var measurer = new Measurer(stage);
        var measurements = new List<Measurement>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            await progress.WriteLineAsync($"round {round} of {options.Rounds} …");
            foreach (var scenario in options.Scenarios)
            {
                // Another one begins each round: whatever disturbs the first of a row then disturbs each in turn.
                foreach (var configuration in Rotated(stage.Configurations, round).Where(one => scenario.IsFor(one.Name)))
                    measurements.Add(await measurer.MeasureAsync(configuration, scenario, round, cancellationToken));
            }
        }
        return measurements;
    }

    private async Task<IReadOnlyList<double>> ColdStartsAsync(Stage stage, CancellationToken cancellationToken)
    {
        var seconds = new List<double>();
        for (var i = 0; stage.Gateway is { } gateway && i < options.ColdStarts; i++)
        {
            await progress.WriteLineAsync("cold start …");
            seconds.Add((await gateway.RestartAsync(cancellationToken)).TotalSeconds);
        }
        return seconds;
    }

    private static IEnumerable<Configuration> Rotated(IReadOnlyList<Configuration> all, int by) =>
        Enumerable.Range(by, all.Count).Select(i => all[i % all.Count]);

    private static IReadOnlyList<MemoryReading> Memory(Configuration configuration, string when)
    {
        if (configuration.ResidentBytes() is not { } resident) return [];
        var database = configuration.DatabaseRoots?.Invoke().SelectMany(ProcessFiles.Tree).Distinct()
            .Sum(id => ProcessFiles.ProportionalBytes(id) ?? 0);
        return [new MemoryReading(configuration.Name, when, resident, database)];
    }
}
