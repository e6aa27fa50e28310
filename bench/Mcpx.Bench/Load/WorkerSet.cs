using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Load;

/// <summary>The open connections of one stretch of load.</summary>
internal sealed class WorkerSet : IDisposable
{
    private readonly List<CallWorker> _workers = [];

    public static async Task<WorkerSet> OpenAsync(LoadTarget target, int count, CancellationToken cancellationToken)
    {
        var set = new WorkerSet();
        try
        {
            while (set._workers.Count < count) set._workers.Add(await CallWorker.OpenAsync(target, cancellationToken));
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    public async Task<LoadResult> RunAsync(Func<CallWorker, Task> work, LatencyHistogram lateness, CancellationToken cancellationToken)
    {
        var start = Native.MonotonicNanoseconds();
        await Task.WhenAll(_workers.Select(worker => Task.Run(() => work(worker), cancellationToken)));
        var elapsed = TimeSpan.FromMicroseconds((Native.MonotonicNanoseconds() - start) / 1000.0);
        var latency = new LatencyHistogram();
        foreach (var worker in _workers) latency.Add(worker.Latency);
        return new LoadResult(
            latency.Count, _workers.Sum(worker => worker.Failed), [.. _workers.SelectMany(worker => worker.Problems).Take(5)],
            elapsed, latency, lateness);
    }

    public void Dispose()
    {
        foreach (var worker in _workers) worker.Dispose();
    }
}
