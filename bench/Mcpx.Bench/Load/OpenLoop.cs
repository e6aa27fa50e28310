using System.Security.Cryptography;
using System.Threading.Channels;
using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Load;

/// <summary>
/// Calls come due at a fixed rate, answered or not, and each latency counts from the due time. A target that stalls is
/// charged for every call that should have gone out meanwhile; a closed loop would wait with it and forget them.
/// </summary>
internal static class OpenLoop
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public static async Task<LoadResult> RunAsync(
        LoadTarget target, int connections, int callsPerSecond, long calls, CancellationToken cancellationToken)
    {
        using var workers = await WorkerSet.OpenAsync(target, connections, cancellationToken);
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var due = Channel.CreateUnbounded<(long Sequence, long Due)>(new UnboundedChannelOptions { SingleWriter = true });
        var lateness = new LatencyHistogram();
        var pacer = new Thread(Pace) { IsBackground = true, Name = "pacer" };
        pacer.Start();
        var result = await workers.RunAsync(AnswerDueAsync, lateness, cancellationToken);
        pacer.Join();
        return result;

        // A thread of its own: the timers of the runtime are a millisecond late, which would be most of what is measured.
        void Pace()
        {
            var start = Native.MonotonicNanoseconds();
            for (var sequence = 1L; sequence <= calls && !cancellationToken.IsCancellationRequested; sequence++)
            {
                var at = start + (sequence * NanosecondsPerSecond / callsPerSecond);
                Native.SleepUntil(at);
                lateness.Record(Native.MonotonicNanoseconds() - at);
                due.Writer.TryWrite((sequence, at));
            }
            due.Writer.Complete();
        }

        async Task AnswerDueAsync(CallWorker worker)
        {
            await foreach (var call in due.Reader.ReadAllAsync(cancellationToken))
                await worker.CallAsync(CallNumber.Of(call.Sequence, seed), call.Due, cancellationToken);
        }
    }
}
