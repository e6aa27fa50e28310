using System.Runtime.InteropServices;
using System.Threading.Channels;
using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Load;

/// <summary>
/// Releases calls at a fixed rate, on a thread of its own: the timers of the runtime are a millisecond late, which would
/// be most of what is measured.
/// </summary>
internal sealed class Pacer
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Channel<DueCall> _due = Channel.CreateUnbounded<DueCall>(new UnboundedChannelOptions { SingleWriter = true });
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _callsPerSecond;
    private readonly long _calls;
    private readonly CancellationToken _stop;

    private Pacer(int callsPerSecond, long calls, CancellationToken stop) => (_callsPerSecond, _calls, _stop) = (callsPerSecond, calls, stop);

    public ChannelReader<DueCall> Due => _due.Reader;

    /// <summary>All calls have come due, whether or not anyone has taken them up.</summary>
    public Task Finished => _finished.Task;

    /// <summary>How long after its due time each call was released. To be read when <see cref="Finished"/>.</summary>
    public LatencyHistogram Lateness { get; } = new();

    public static Pacer Start(int callsPerSecond, long calls, CancellationToken cancellationToken)
    {
        var pacer = new Pacer(callsPerSecond, calls, cancellationToken);
        new Thread(pacer.Pace) { IsBackground = true, Name = "pacer" }.Start();
        return pacer;
    }

    private void Pace()
    {
        var start = Native.MonotonicNanoseconds();
        for (var sequence = 1L; sequence <= _calls && !_stop.IsCancellationRequested; sequence++)
        {
            var at = start + (sequence * NanosecondsPerSecond / _callsPerSecond);
            Native.SleepUntil(at);
            Lateness.Record(Native.MonotonicNanoseconds() - at);
            _due.Writer.TryWrite(new DueCall(sequence, at));
        }
        _due.Writer.Complete();
        _finished.SetResult();
    }
}

/// <summary>A call and the monotonic instant, in nanoseconds, from which its latency counts.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DueCall(long Sequence, long At);
