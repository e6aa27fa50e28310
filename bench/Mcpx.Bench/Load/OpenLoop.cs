using System.Security.Cryptography;

namespace Mcpx.Bench.Load;

/// <summary>
/// Calls come due at a fixed rate, answered or not, and each latency counts from the due time. A target that stalls is
/// charged for every call that should have gone out meanwhile; a closed loop would wait with it and forget them.
/// </summary>
internal static class OpenLoop
{
    /// <param name="target">Where the calls go.</param>
    /// <param name="connections">How many calls can be open at once; more wait, and their wait counts.</param>
    /// <param name="startPacer">Called when the connections are open, so that opening them makes no call late.</param>
    /// <param name="cancellationToken">Ends the stretch early.</param>
    public static async Task<LoadResult> RunAsync(
        LoadTarget target, int connections, Func<Pacer> startPacer, CancellationToken cancellationToken)
    {
        using var workers = await WorkerSet.OpenAsync(target, connections, cancellationToken);
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var pacer = startPacer();
        var result = await workers.RunAsync(AnswerDueAsync, pacer.Lateness, cancellationToken);
        await pacer.Finished;
        return result;

        async Task AnswerDueAsync(CallWorker worker)
        {
            await foreach (var call in pacer.Due.ReadAllAsync(cancellationToken))
                await worker.CallAsync(CallNumber.Of(call.Sequence, seed), call.At, cancellationToken);
        }
    }
}
