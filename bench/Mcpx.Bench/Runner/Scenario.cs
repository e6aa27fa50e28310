using Mcpx.Bench.Load;

namespace Mcpx.Bench.Runner;

/// <summary>One kind of load; every configuration that it is for gets it once per round.</summary>
internal abstract record Scenario(string Name)
{
    private const int Kilobyte = 1024;

    /// <summary>False for what the gateway has to answer alone, and for lists, which nobody counts.</summary>
    public virtual bool ReachesUpstream => true;

    public virtual bool IsFor(string configuration) => true;

    public abstract Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken);

    internal sealed record Closed(int Concurrency, long Calls) : Scenario($"closed loop, c={Concurrency}")
    {
        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target, Concurrency, Calls, cancellationToken);
    }

    /// <summary>Answers of another size than the run's.</summary>
    internal sealed record Sized(int Bytes, int Concurrency, long Calls) : Scenario(NameOf(Bytes, Concurrency))
    {
        public override bool IsFor(string configuration) => Configuration.IsBasic(configuration);

        public static string NameOf(int bytes, int concurrency) =>
            bytes >= Kilobyte * Kilobyte ? $"answers of {bytes / Kilobyte / Kilobyte} MB, c={concurrency}" : $"answers of {bytes / Kilobyte} KB, c={concurrency}";

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target with { AnswerBytes = Bytes }, Concurrency, Calls, cancellationToken);
    }

    /// <summary>Answers that are a stream: progress, event by event, and the result as the last of them.</summary>
    internal sealed record Events(int Count, int Concurrency, long Calls) : Scenario($"answers of {Count} events, c={Concurrency}")
    {
        public override bool IsFor(string configuration) => Configuration.IsBasic(configuration);

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target with { Events = Count }, Concurrency, Calls, cancellationToken);
    }

    /// <summary>So many clients, each of which asks for all tools again and again.</summary>
    internal sealed record Lists(int Tools, int Concurrency, long Calls) : Scenario($"tools/list of {Tools:N0}, c={Concurrency}")
    {
        public override bool ReachesUpstream => false;

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            ClosedLoop.RunAsync(target, Concurrency, Calls, cancellationToken);
    }

    internal sealed record Open(int CallsPerSecond, long Calls) : Scenario($"open loop, {CallsPerSecond}/s")
    {
        /// <summary>The rate that every way is measured at.</summary>
        public const int UsualRate = 500;

        // More than are ever busy at once in health: a stall queues calls here, where their lateness is counted.
        private const int Connections = 32;

        public override bool IsFor(string configuration) =>
            Configuration.IsBasic(configuration) || (CallsPerSecond == UsualRate && !Configuration.IsPeer(configuration));

        public override Task<LoadResult> RunAsync(LoadTarget target, CancellationToken cancellationToken) =>
            OpenLoop.RunAsync(target, Connections, () => Pacer.Start(CallsPerSecond, Calls, cancellationToken), cancellationToken);
    }
}
