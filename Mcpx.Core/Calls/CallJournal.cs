using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Calls;

/// <summary>
/// Where a finished call goes before its answer is sent, and from where it is written to the database in batches. It is
/// bounded: when the database is away for too long, calls are refused before anything is forwarded, and none that was
/// answered is dropped.
/// </summary>
public sealed partial class CallJournal(ICallStore store, IEnumerable<ICallSink> sinks, ILogger<CallJournal> logger, TimeProvider time) : BackgroundService
{
    /// <summary>Records that may wait; each may also carry payloads, see <see cref="MostBytes"/>.</summary>
    public const int MostRecords = 100_000;

    public const long MostBytes = 256L << 20;

    private const int BatchSize = 1000;
    private const long BatchBytes = 8L << 20;

    /// <summary>How long the first record of a batch waits for company: a transaction costs the same for one as for hundreds.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private readonly ICallSink[] _sinks = [.. sinks];
    private readonly Channel<CallRecord> _queue = Channel.CreateUnbounded<CallRecord>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly List<(long Sequence, TaskCompletionSource Written)> _waiters = [];
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _appended;
    private long _written;
    private long _bytes;

    /// <summary>Records that are not in the database yet.</summary>
    public long Depth => Volatile.Read(ref _appended) - Volatile.Read(ref _written);

    /// <summary>Why the last write failed; null when it did not.</summary>
    public string? LastError { get; private set; }

    /// <summary>Asked before a call is forwarded: false means that its record might not be kept.</summary>
    public bool CanAdmit => Depth < MostRecords && Volatile.Read(ref _bytes) < MostBytes;

    /// <summary>Returns when the call's record is kept; the answer may be finished then.</summary>
    public ValueTask AppendAsync(CallRecord call)
    {
        Interlocked.Add(ref _bytes, SizeOf(call));
        Interlocked.Increment(ref _appended);
        _queue.Writer.TryWrite(call);
        foreach (ICallSink sink in _sinks)
            sink.CallFinished(call);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Waits until everything appended before is in the database, so that a reader sees what it did. Gives up after two
    /// seconds: while the database is slow, an old list is better than none.
    /// </summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        long target = Volatile.Read(ref _appended);
        TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_written >= target) return;
            _waiters.Add((target, written));
            _hurry.TrySetResult();
        }

        try
        {
            await written.Task.WaitAsync(FlushPatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogFlushTimedOut(logger, Depth);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<CallRecord> batch = new(BatchSize);
        ChannelReader<CallRecord> reader = _queue.Reader;
        try
        {
            while (await reader.WaitToReadAsync(stoppingToken))
            {
                await GatherAsync(stoppingToken);
                TakeBatch(reader, batch);
                await WriteUntilDoneAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await DrainLastAsync(reader, batch);
        }
    }

    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        Task hurry;
        lock (_gate)
        {
            if (_waiters.Count > 0 || Depth >= BatchSize) return;
            if (_hurry.Task.IsCompleted) _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            hurry = _hurry.Task;
        }

        await Task.WhenAny(hurry, Task.Delay(Linger, time, cancellationToken));
    }

    private async Task DrainLastAsync(ChannelReader<CallRecord> reader, List<CallRecord> batch)
    {
        using CancellationTokenSource patience = new(StopPatience, time);
        try
        {
            while (batch.Count > 0 || reader.TryPeek(out _))
            {
                if (batch.Count == 0) TakeBatch(reader, batch);
                await WriteUntilDoneAsync(batch, patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            LogLostAtStop(logger, Depth);
        }
    }

    private static void TakeBatch(ChannelReader<CallRecord> reader, List<CallRecord> batch)
    {
        long bytes = 0;
        while (batch.Count < BatchSize && bytes < BatchBytes && reader.TryRead(out CallRecord? call))
        {
            batch.Add(call);
            bytes += SizeOf(call);
        }
    }

    /// <summary>Empties the batch only after it is written; a batch that fails is tried again until it is, or until we stop.</summary>
    private async Task WriteUntilDoneAsync(List<CallRecord> batch, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await store.WriteAsync(batch, cancellationToken);
                LastError = null;
                Written(batch);
                batch.Clear();
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                LastError = e.Message;
                LogWriteFailed(logger, e, batch.Count, attempt + 1);
                TimeSpan pause = TimeSpan.FromMilliseconds(Math.Min(LongestRetry.TotalMilliseconds, 100 * Math.Pow(2, Math.Min(attempt, 10))));
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private void Written(List<CallRecord> batch)
    {
        Interlocked.Add(ref _bytes, -batch.Sum(SizeOf));
        lock (_gate)
        {
            Volatile.Write(ref _written, _written + batch.Count);
            foreach ((long sequence, TaskCompletionSource written) in _waiters)
            {
                if (sequence <= _written) written.TrySetResult();
            }

            _waiters.RemoveAll(w => w.Sequence <= _written || w.Written.Task.IsCompleted);
        }
    }

    private static long SizeOf(CallRecord call) => 512 + (call.Request?.Length ?? 0) + (call.Response?.Length ?? 0);

    [LoggerMessage(2001, LogLevel.Error, "Writing {Count} call records failed (attempt {Attempt}); they stay in the journal.")]
    private static partial void LogWriteFailed(ILogger logger, Exception exception, int count, int attempt);

    [LoggerMessage(2002, LogLevel.Critical, "Stopped with {Count} call records that the database did not take.")]
    private static partial void LogLostAtStop(ILogger logger, long count);

    [LoggerMessage(2003, LogLevel.Warning, "The database is behind: {Count} call records wait.")]
    private static partial void LogFlushTimedOut(ILogger logger, long count);
}
