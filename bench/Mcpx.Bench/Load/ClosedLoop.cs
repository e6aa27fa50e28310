using System.Security.Cryptography;
using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Load;

/// <summary>So many callers, each of which calls again as soon as it is answered.</summary>
internal static class ClosedLoop
{
    public static async Task<LoadResult> RunAsync(LoadTarget target, int concurrency, long calls, CancellationToken cancellationToken)
    {
        using var workers = await WorkerSet.OpenAsync(target, concurrency, cancellationToken);
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        long next = 0;
        return await workers.RunAsync(CallUntilDoneAsync, new LatencyHistogram(), cancellationToken);

        async Task CallUntilDoneAsync(CallWorker worker)
        {
            while (Interlocked.Increment(ref next) is var sequence && sequence <= calls)
                await worker.CallAsync(CallNumber.Of(sequence, seed), Native.MonotonicNanoseconds(), cancellationToken);
        }
    }
}
