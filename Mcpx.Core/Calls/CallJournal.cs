using Mcpx.Core.Calls.Journal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Calls;

/// <summary>How a replica's journal is.</summary>
/// <param name="IsAccepting">Calls are taken.</param>
/// <param name="Depth">Records that are not in the database yet.</param>
/// <param name="Bytes">Of them on disk.</param>
/// <param name="Budget">Bytes that may wait.</param>
/// <param name="Oldest">How long the oldest record has waited; null when none does.</param>
/// <param name="LastError">Why the last write to the database failed; null when it did not.</param>
/// <param name="DiskError">Why the disk takes no records; null when it does.</param>
/// <param name="Drained">Records that went to the database since the process started, those that an earlier one left included.</param>
/// <param name="DrainFailures">Writes to the database that failed since the process started; each is tried again.</param>
public sealed record JournalState(
    bool IsAccepting, long Depth, long Bytes, long Budget, TimeSpan? Oldest, string? LastError, string? DiskError, long Drained, long DrainFailures);

/// <summary>
/// Where a finished call goes before its answer is sent: onto this machine's disk, and from there to the database in
/// batches. What was answered survives a kill and an outage of the database. The disk's share is bounded: when it is used
/// up, or the disk fails, calls are refused before anything is forwarded.
/// </summary>
public sealed partial class CallJournal(
    JournalSettings settings, JournalKeys keys, ICallStore store, IEnumerable<ICallSink> sinks, ILogger<CallJournal> logger, TimeProvider time) : BackgroundService
{
    private const int BatchSize = 1000;
    private const long BatchBytes = 8L << 20;

    /// <summary>How long the first record of a batch waits for company: a transaction costs the same for one as for hundreds.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private readonly ICallSink[] _sinks = [.. sinks];
    private readonly Lock _gate = new();
    private readonly List<(long Written, TaskCompletionSource Stored)> _waiters = [];
    private readonly LeftIntents _left = new();
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DiskJournal? _disk;
    private DateTimeOffset? _oldest;
    private long _drained;
    private long _drainFailures;
    private bool _hasWarned;

    /// <summary>For tests that let the disk fail.</summary>
    internal IJournalDisk Disk { get; init; } = new JournalDisk();

    /// <summary>Records that are not in the database yet.</summary>
    public long Depth => _disk?.Depth ?? 0;

    /// <summary>Bytes of them on disk.</summary>
    public long Bytes => _disk is { } disk ? Math.Max(0, disk.Written - disk.Confirmed) : 0;

    /// <summary>When the oldest record that waits was made; null when none does.</summary>
    public DateTimeOffset? Oldest => Depth == 0 ? null : _oldest;

    /// <summary>Why the last write to the database failed; null when it did not.</summary>
    public string? LastError { get; private set; }

    /// <summary>Why the disk does not take records; null when it does.</summary>
    public string? DiskError => _disk?.Failure;

    /// <summary>All of it at once, for people.</summary>
    public JournalState State => new(CanAdmit, Depth, Bytes, settings.Budget, Oldest is { } oldest ? time.GetUtcNow() - oldest : null, LastError, DiskError,
        Interlocked.Read(ref _drained), Interlocked.Read(ref _drainFailures));

    /// <summary>Asked before a call is forwarded: false means that its record might not be kept.</summary>
    public bool CanAdmit => _disk is { Failure: null } && Bytes < settings.Budget;

    /// <summary>False while the database is known to take no records.</summary>
    public bool CanStore => LastError is null;

    /// <summary>Ends when the call's record is on disk; the answer may be finished then.</summary>
    /// <exception cref="JournalException">It is not; the call must not be answered.</exception>
    public async ValueTask AppendAsync(CallRecord call)
    {
        DiskJournal disk = _disk ?? throw new JournalException("The journal is not open.");
        await disk.AppendAsync(call);
        if (call.Stage is RecordStage.Intent) return;
        foreach (ICallSink sink in _sinks)
            sink.CallFinished(call);
    }

    /// <summary>
    /// Waits until everything appended before is in the database, so that a reader sees what it did. Gives up after two
    /// seconds: while the database is slow, an old list is better than none.
    /// </summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StoredAsync().WaitAsync(FlushPatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogFlushTimedOut(logger, Depth);
        }
    }

    /// <summary>Waits until everything appended before is in the database.</summary>
    /// <exception cref="JournalException">It is not, within <paramref name="patience"/>.</exception>
    public async Task DemandStoredAsync(TimeSpan patience)
    {
        try
        {
            await StoredAsync().WaitAsync(patience, time);
        }
        catch (TimeoutException e)
        {
            throw new JournalException("The database did not take the call's record" + (LastError is { } error ? ": " + error : " in time."), e);
        }
    }

    /// <exception cref="JournalException">The journal's directory can't be used; the message is for the operator.</exception>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _disk = new DiskJournal(settings, keys, Disk, time);
        if (_disk.Depth > 0) LogLeft(logger, _disk.Depth);
        if (_disk.Torn > 0) LogTorn(logger, _disk.Torn);
        if (_disk.Damaged > 0) LogDamaged(logger, _disk.Damaged, settings.Directory);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Close();
    }

    public override void Dispose()
    {
        Close();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<CallRecord> batch = new(BatchSize);
        try
        {
            while (true)
            {
                await _disk!.WaitAsync(stoppingToken);
                await GatherAsync(stoppingToken);
                await StoreNextAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await StoreLastAsync(batch);
        }
    }

    private void Close()
    {
        DiskJournal? disk = Interlocked.Exchange(ref _disk, null);
        disk?.Dispose();
    }

    private Task StoredAsync()
    {
        if (_disk is not { } disk) return Task.CompletedTask;
        lock (_gate)
        {
            long written = disk.Written;
            if (disk.Confirmed >= written) return Task.CompletedTask;
            TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((written, stored));
            _hurry.TrySetResult();
            return stored.Task;
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

    private async Task StoreLastAsync(List<CallRecord> batch)
    {
        using CancellationTokenSource patience = new(StopPatience, time);
        try
        {
            while (!_disk!.IsEmpty) await StoreNextAsync(batch, patience.Token);
        }
        catch (OperationCanceledException)
        {
            LogLeftAtStop(logger, Depth);
        }
    }

    private async Task StoreNextAsync(List<CallRecord> batch, CancellationToken cancellationToken)
    {
        DiskJournal disk = _disk!;
        int damaged = disk.Damaged;
        disk.Read(batch, BatchSize, BatchBytes);
        if (disk.Damaged > damaged) LogDamaged(logger, disk.Damaged - damaged, settings.Directory);
        if (batch.Count > 0)
        {
            if (disk.ReadsLeft) _left.Read(batch);
            _oldest = batch[0].Time;
            await WriteUntilDoneAsync(batch, cancellationToken);
        }

        disk.Confirm();
        // Only when all that was left is read: the end of a call may stand behind its intent.
        if (_left.Count > 0 && (disk.IsEmpty || !disk.ReadsLeft)) await WriteUntilDoneAsync(_left.Take(), cancellationToken);
        Warn();
        lock (_gate)
        {
            foreach ((long written, TaskCompletionSource stored) in _waiters)
            {
                if (written <= disk.Confirmed) stored.TrySetResult();
            }

            _waiters.RemoveAll(w => w.Stored.Task.IsCompleted);
        }
    }

    /// <summary>A batch that fails is tried again until it is written, or until we stop: then it is read again at the next start.</summary>
    private async Task WriteUntilDoneAsync(IReadOnlyList<CallRecord> batch, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await store.WriteAsync(batch, cancellationToken);
                LastError = null;
                Interlocked.Add(ref _drained, batch.Count);
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                LastError = e.Message;
                Interlocked.Increment(ref _drainFailures);
                LogWriteFailed(logger, e, batch.Count, attempt + 1);
                Warn();
                TimeSpan pause = TimeSpan.FromMilliseconds(Math.Min(LongestRetry.TotalMilliseconds, 100 * Math.Pow(2, Math.Min(attempt, 10))));
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    /// <summary>Once each time that the journal fills up to the mark.</summary>
    private void Warn()
    {
        bool isFilling = Bytes > settings.Budget * JournalSettings.WarnAt;
        if (isFilling && !_hasWarned) LogFilling(logger, Bytes >> 20, settings.Budget >> 20);
        _hasWarned = isFilling;
    }

    [LoggerMessage(2001, LogLevel.Error, "Writing {Count} call records failed (attempt {Attempt}); they stay in the journal.")]
    private static partial void LogWriteFailed(ILogger logger, Exception exception, int count, int attempt);

    [LoggerMessage(2002, LogLevel.Warning, "Stopped with {Count} call records that the database did not take; they are in the journal for the next start.")]
    private static partial void LogLeftAtStop(ILogger logger, long count);

    [LoggerMessage(2003, LogLevel.Warning, "The database is behind: {Count} call records wait.")]
    private static partial void LogFlushTimedOut(ILogger logger, long count);

    [LoggerMessage(2010, LogLevel.Information, "The journal holds {Count} call records of an earlier run; they go to the database now.")]
    private static partial void LogLeft(ILogger logger, long count);

    [LoggerMessage(2011, LogLevel.Information, "The last write of an earlier run was cut off ({Bytes} bytes). Nobody was answered for it.")]
    private static partial void LogTorn(ILogger logger, long bytes);

    [LoggerMessage(2012, LogLevel.Critical, "{Count} files of the journal are damaged and hold records that can't be read; copies with the ending .damaged are kept in {Directory}.")]
    private static partial void LogDamaged(ILogger logger, int count, string directory);

    [LoggerMessage(2013, LogLevel.Warning, "The journal holds {Used} of {Budget} MiB: when it is full, calls are refused until the database has taken some.")]
    private static partial void LogFilling(ILogger logger, long used, long budget);
}
