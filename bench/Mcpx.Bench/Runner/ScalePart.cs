using Mcpx.Bench.Gateway;
using Mcpx.Bench.Load;
using Mcpx.Bench.Reporting;

namespace Mcpx.Bench.Runner;

/// <summary>A gateway that was started on a database of some size.</summary>
/// <param name="Calls">The raw leg, and the passthrough beside it where it is part of the run.</param>
internal sealed record ScaleState(double StartSeconds, SettledMemory Memory, IReadOnlyList<Measurement> Calls)
{
    /// <summary>CPU per call by round; divided by the passthrough's of the same round, where there is one.</summary>
    public IReadOnlyDictionary<int, double> Cpu
    {
        get
        {
            var beside = Calls.Where(one => one.Configuration == Configuration.Passthrough).ToDictionary(one => one.Round, one => one.Cpu!.Value);
            return Calls.Where(one => one.Configuration == Configuration.Mcpx)
                .ToDictionary(one => one.Round, one => one.Cpu!.Value / (beside.TryGetValue(one.Round, out var other) ? other : 1));
        }
    }
}

/// <summary>What very many organisations cost the calls of one.</summary>
internal sealed record ScaleReading(int Organizations, int ServersEach, ScaleState Few, ScaleState Many)
{
    public bool Verified => Few.Calls.Concat(Many.Calls).All(one => one.Verified);

    /// <summary>CPU per call with many, divided by that with one.</summary>
    public Spread? CpuRatio => Spread.Of(Many.Cpu.Select(round => round.Value / Few.Cpu[round.Key]).Select(ratio => (double?)ratio));
}

/// <summary>Starts the gateway on its small database, then on the same with very many organisations in it.</summary>
internal sealed class ScalePart(Stage stage, RunOptions options, TextWriter progress)
{
    private const int Concurrency = 16;

    public async Task<ScaleReading> RunAsync(GatewayProcess gateway, GatewayEndpoints endpoints, CancellationToken cancellationToken)
    {
        var few = await MeasureAsync(gateway, endpoints.Raw, cancellationToken);
        await progress.WriteLineAsync($"inserting {options.Organizations:N0} organisations …");
        await BulkRows.InsertAsync(gateway, options.Organizations, cancellationToken);
        await progress.WriteLineAsync("starting the gateway on them …");
        var many = await MeasureAsync(gateway, endpoints.Raw, cancellationToken);
        return new ScaleReading(options.Organizations, BulkRows.ServersEach, few, many);
    }

    private async Task<ScaleState> MeasureAsync(GatewayProcess gateway, LoadTarget raw, CancellationToken cancellationToken)
    {
        var start = await gateway.RestartAsync(cancellationToken);
        await GatewayAdmin.UntilCallableAsync(raw, cancellationToken);
        var memory = await ClientsPart.SettledAsync(gateway.ProcessId, options.Settle, cancellationToken);
        List<Configuration> ways = [new(Configuration.Mcpx, raw, gateway.ProcessId, gateway.DatabaseRoots, options.Settle)];
        ways.AddRange(stage.Configurations.Where(one => one.Name == Configuration.Passthrough));
        foreach (var way in ways) await ClosedLoop.RunAsync(way.Target, Concurrency, options.WarmUpCalls, cancellationToken);
        var measurer = new Measurer(stage);
        var scenario = new Scenario.Closed(Concurrency, options.Calls);
        var calls = new List<Measurement>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var way in ways) calls.Add(await measurer.MeasureAsync(way, scenario, round, cancellationToken));
        }
        return new ScaleState(start.TotalSeconds, memory, calls);
    }
}
