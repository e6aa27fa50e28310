using Mcpx.Core.Jobs;

namespace Mcpx.Core.Calls.Retention;

/// <summary>The retention as a job: one replica of many removes, and the calls themselves say what is left to do.</summary>
internal sealed class RetentionJob(ICallSweeper sweeper, TimeProvider time) : IJob
{
    public string Name => "retention";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        SweepResult removed = await sweeper.SweepAsync(time.GetUtcNow(), cancellationToken);
        return $"Payloads of {removed.Payloads} calls and {removed.Records} records removed.";
    }
}
