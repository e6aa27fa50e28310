using Mcpx.Bench.Load;

namespace Mcpx.Bench.Runner;

/// <summary>One kind of load; every configuration gets it once per round.</summary>
internal abstract record Scenario(string Name)
{
    /// <summary>False for what the gateway has to answer alone.</summary>
    public virtual bool ReachesUpstream => true;

    public abstract Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken);

    internal sealed record Closed(int Concurrency, long Calls) : Scenario($"closed loop, c={Concurrency}")
    {
        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target, Concurrency, Calls, cancellationToken);
    }

    /// <summary>So many clients, each of which asks a virtual gateway for its tools again and again.</summary>
    internal sealed record Lists(int Concurrency, long Calls) : Scenario($"tools/list, c={Concurrency}")
    {
        public override bool ReachesUpstream => false;

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target, Concurrency, Calls, cancellationToken);
    }

    internal sealed record Open(int CallsPerSecond, long Calls) : Scenario($"open loop, {CallsPerSecond}/s")
    {
        // More than are ever busy at once in health: a stall queues calls here, where their lateness is counted.
        private const int Connections = 32;

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            OpenLoop.RunAsync(target, Connections, () => Pacer.Start(CallsPerSecond, Calls, cancellationToken), cancellationToken);
    }
}
