using Mcpx.Bench.Accounting;
using Mcpx.Bench.Gateway;
using Mcpx.Bench.Load;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Runner;

/// <summary>The memory of one process, in bytes, after a full collection.</summary>
/// <param name="ResidentBytes">Its working set.</param>
/// <param name="HeapBytes">What is alive on the managed heap.</param>
internal sealed record SettledMemory(long ResidentBytes, long HeapBytes);

/// <summary>What clients cost that are connected and do nothing.</summary>
/// <param name="Endpoint">What they are connected to.</param>
/// <param name="StillOpen">Clients whose stream stood at the end; any other number than <paramref name="Clients"/> is a failure.</param>
/// <param name="UpstreamStreams">Streams that the gateway holds open to the upstream for them.</param>
/// <param name="OpenBeforeCollection">The working set with all of them open, as it stood before the collection.</param>
/// <param name="IdleCpu">CPU seconds per second of the gateway while they do nothing.</param>
/// <param name="FailedCalls">Calls of another client meanwhile that were answered wrongly.</param>
internal sealed record ClientsReading(
    string Endpoint, int Clients, int StillOpen, long UpstreamStreams, SettledMemory Idle, SettledMemory Open,
    long OpenBeforeCollection, double IdleCpu, long FailedCalls)
{
    public long ResidentGrowth => Open.ResidentBytes - Idle.ResidentBytes;

    public long HeapGrowth => Open.HeapBytes - Idle.HeapBytes;

    public bool Verified => StillOpen == Clients && FailedCalls == 0;
}

/// <summary>Opens many clients with sessions on one endpoint after the other, each time on a gateway that was started for it.</summary>
internal sealed class ClientsPart(Stage stage, RunOptions options, TextWriter progress)
{
    private const int WarmUpConcurrency = 16;
    private const int CallsMeanwhile = 50;
    private static readonly TimeSpan IdleWatch = TimeSpan.FromSeconds(3);

    // Streams to members of a virtual gateway are opened a second after the call that needed them.
    private static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(1500);

    public async Task<IReadOnlyList<ClientsReading>> RunAsync(GatewayProcess gateway, GatewayEndpoints endpoints, CancellationToken cancellationToken)
    {
        var readings = new List<ClientsReading>();
        OpenFiles.Require(options.Clients.Max());
        foreach (var (count, (name, target)) in options.Clients.SelectMany(count => endpoints.OfSessions.Select(endpoint => (count, endpoint))))
        {
            await progress.WriteLineAsync($"{count:N0} open clients: {name} …");
            // Memory that clients before them left free would hide what these take.
            await gateway.RestartAsync(cancellationToken);
            await WarmUpAsync(target, count, cancellationToken);
            readings.Add(await MeasureAsync(name, target, count, gateway.ProcessId, cancellationToken));
        }
        return readings;
    }

    private async Task WarmUpAsync(LoadTarget target, int count, CancellationToken cancellationToken)
    {
        await GatewayAdmin.UntilCallableAsync(target, cancellationToken);
        await ClosedLoop.RunAsync(target, WarmUpConcurrency, options.ClientWarmUpCalls, cancellationToken);
        using var some = await OpenClients.OpenAsync(target, Math.Max(1, count / 20), cancellationToken);
    }

    private async Task<ClientsReading> MeasureAsync(string name, LoadTarget target, int count, int process, CancellationToken cancellationToken)
    {
        var idle = await SettledAsync(process, options.Settle, cancellationToken);
        using var clients = await OpenClients.OpenAsync(target, count, cancellationToken);
        await QuietAsync(process, options.Settle, cancellationToken);
        var before = ProcessFiles.ResidentBytes(process) ?? 0;
        var open = await SettledAsync(process, options.Settle, cancellationToken);
        var cpu = CpuMeter.OfProcess(process);
        await Task.Delay(IdleWatch, cancellationToken);
        var idleCpu = cpu.Nanoseconds / IdleWatch.TotalNanoseconds;
        var meanwhile = await ClosedLoop.RunAsync(target, 1, CallsMeanwhile, cancellationToken);
        var streams = (await stage.UpstreamStatsAsync(cancellationToken)).Streams;
        return new ClientsReading(name, count, clients.StillOpen, streams, idle, open, before, idleCpu, meanwhile.Failed);
    }

    /// <summary>Everything collected, and quiet.</summary>
    public static async Task<SettledMemory> SettledAsync(int process, TimeSpan settle, CancellationToken cancellationToken)
    {
        await QuietAsync(process, settle, cancellationToken);
        var runtime = await RuntimeProbe.ReadAsync(process, collect: true, cancellationToken)
            ?? throw new BenchException("The gateway has no probe: its heap can't be read");
        return new SettledMemory(ProcessFiles.ResidentBytes(process) ?? 0, runtime.Heap);
    }

    private static async Task QuietAsync(int process, TimeSpan settle, CancellationToken cancellationToken)
    {
        await Task.Delay(Aftermath, cancellationToken);
        var cpu = CpuMeter.OfProcess(process);
        await Measurer.SettleAsync(settle, () => cpu.Nanoseconds, cancellationToken);
    }
}
