using Mcpx.Core.Jobs;

namespace Mcpx.Core.Calls;

/// <summary>
/// Ends the calls whose gateway never came back to say how they ended, its journal lost with its disk. A gateway that starts
/// again does that for its own at once.
/// </summary>
public sealed class InterruptedCallsJob(ICallStore calls, CallJournal journal, TimeProvider time) : IJob
{
    /// <summary>Much longer than a call may take. After an outage the ends of calls come from journals, and are awaited.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public string Name => "end-interrupted-calls";

    public TimeSpan Every { get; } = TimeSpan.FromMinutes(10);

    public async Task<string> RunAsync(CancellationToken cancellationToken) => journal.Depth > 0
        ? "The journal is not drained; later."
        : $"{await calls.EndInterruptedAsync(time.GetUtcNow() - Patience, cancellationToken)} ended.";
}
