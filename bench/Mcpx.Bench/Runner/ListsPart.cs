using Mcpx.Bench.Gateway;
using Mcpx.Bench.Load;

namespace Mcpx.Bench.Runner;

/// <summary><c>tools/list</c>: of one server by every basic way, and of virtual gateways from the catalogue.</summary>
internal sealed class ListsPart(Stage stage, RunOptions options, TextWriter progress)
{
    public async Task<IReadOnlyList<Measurement>> RunAsync(GatewayProcess gateway, GatewayEndpoints endpoints, CancellationToken cancellationToken)
    {
        var measurer = new Measurer(stage);
        var measurements = new List<Measurement>();
        foreach (var members in options.ListMembers)
        {
            var tools = members * options.ListToolsEach;
            await progress.WriteLineAsync($"tools/list of {tools:N0} tools …");
            var configurations = await ConfigurationsAsync(gateway, endpoints, members, cancellationToken);
            foreach (var configuration in configurations) await WarmUpAsync(configuration, cancellationToken);
            for (var round = 1; round <= options.Rounds; round++)
            {
                foreach (var concurrency in options.ListConcurrencies)
                {
                    foreach (var configuration in configurations)
                        measurements.Add(await measurer.MeasureAsync(configuration, new Scenario.Lists(tools, concurrency, options.Lists), round, cancellationToken));
                }
            }
        }
        return measurements;
    }

    /// <summary>What the report calls the virtual gateway of so many servers.</summary>
    public static string NameOf(int members, int toolsEach) => $"{members} × {toolsEach} tools";

    private async Task<IReadOnlyList<Configuration>> ConfigurationsAsync(
        GatewayProcess gateway, GatewayEndpoints endpoints, int members, CancellationToken cancellationToken)
    {
        var tools = members * options.ListToolsEach;
        var configurations = stage.Configurations
            .Where(one => Configuration.IsBasic(one.Name) && !Configuration.IsGateways(one.Name))
            .Select(one => one with { Target = GatewayEndpoints.Listed(one.Target, tools) }).ToList();
        var many = await endpoints.AddManyAsync(members, options.ListToolsEach, cancellationToken);
        var one = await endpoints.AddListedAsync(tools, cancellationToken);
        foreach (var (name, target) in new[] { (Configuration.Mcpx, one), (NameOf(members, options.ListToolsEach), many) })
        {
            await GatewayAdmin.UntilCallableAsync(target, cancellationToken);
            configurations.Add(new Configuration(name, target, gateway.ProcessId, gateway.DatabaseRoots, options.Settle));
        }
        return configurations;
    }

    private async Task WarmUpAsync(Configuration configuration, CancellationToken cancellationToken)
    {
        await ClosedLoop.RunAsync(configuration.Target, options.ListConcurrencies[^1], 2 * options.Lists, cancellationToken);
        if (configuration.Meter() is { } meter) await Measurer.SettleAsync(configuration.Settle, () => meter.Nanoseconds, cancellationToken);
    }
}
