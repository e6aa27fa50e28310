using Mcpx.Bench.Accounting;
using Mcpx.Bench.Gateway;
using Mcpx.Bench.Load;

namespace Mcpx.Bench.Runner;

/// <summary><c>tools/list</c> of a virtual gateway with many members, from the catalogue.</summary>
internal sealed class ListsPart(Stage stage, RunOptions options, TextWriter progress)
{
    public async Task<IReadOnlyList<Measurement>> RunAsync(GatewayProcess gateway, GatewayEndpoints endpoints, CancellationToken cancellationToken)
    {
        var name = $"{options.ListMembers} × {options.ListToolsEach} tools";
        await progress.WriteLineAsync($"tools/list of {name} …");
        var target = await endpoints.AddManyAsync(options.ListMembers, options.ListToolsEach, cancellationToken);
        await GatewayAdmin.UntilCallableAsync(target, cancellationToken);
        var configuration = new Configuration(name, target, gateway.ProcessId, gateway.DatabaseRoots, Stage.GatewaySettle);
        await ClosedLoop.RunAsync(target, options.ListConcurrencies[^1], 2 * options.Lists, cancellationToken);
        var process = CpuMeter.OfProcess(gateway.ProcessId);
        await Measurer.SettleAsync(Stage.GatewaySettle, () => process.Nanoseconds, cancellationToken);
        var measurer = new Measurer(stage);
        var measurements = new List<Measurement>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var concurrency in options.ListConcurrencies)
                measurements.Add(await measurer.MeasureAsync(configuration, new Scenario.Lists(concurrency, options.Lists), round, cancellationToken));
        }
        return measurements;
    }
}
