using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>
/// Sends calls, and entries of the audit log where asked for, on as long as this replica holds the job. The position is noted behind each batch that a target has, so
/// whoever takes over goes on from there: nothing is left out, and a batch at most comes twice.
/// </summary>
public sealed partial class LogStreamJob(
    ILogStreamStore store, ICallStore calls, CallQueries queries, LogTargets targets, ILogger<LogStreamJob> logger, TimeProvider time) : IJob, IDisposable
{
    private const int Page = 500;
    private const int PageWithPayloads = 50;

    /// <summary>Streams that read at once; those that wait for their targets are not counted, so a target that hangs keeps nobody waiting.</summary>
    private const int Readers = 4;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<LogStreamId, Rest> _resting = new();
    private readonly SemaphoreSlim _reading = new(Readers);

    public string Name => "stream-logs";

    public TimeSpan Every { get; } = LookEvery;

    /// <summary>Until the replica stops, or no longer holds the job.</summary>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        Dictionary<LogStreamId, Task> running = [];
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PeriodicTimer timer = new(LookEvery, time);
        try
        {
            do
            {
                foreach (LogStreamId done in running.Where(r => r.Value.IsCompleted).Select(r => r.Key).ToArray()) running.Remove(done);
                IReadOnlyList<LogStream> waiting = await store.ListWaitingAsync(end.Token);
                foreach (LogStreamId gone in _resting.Keys.Except(waiting.Select(s => s.Id)).ToArray()) _resting.TryRemove(gone, out _);
                foreach (LogStream stream in waiting)
                {
                    if (!running.ContainsKey(stream.Id) && !(_resting.TryGetValue(stream.Id, out Rest rest) && time.GetUtcNow() < rest.Until))
                        running.Add(stream.Id, DeliverAsync(stream, end.Token));
                }
            }
            while (await timer.WaitForNextTickAsync(end.Token));
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(running.Values);
        }

        return "Ended.";
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Sends what waits. Never fails: what went wrong stands with the stream, which rests before it is tried again.</summary>
    private async Task DeliverAsync(LogStream stream, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Delivery delivery = new() { Stream = stream };
        try
        {
            CallFilter filter = queries.ReadResolved(CallQuery.Parse(stream.Query)) with { Reader = PayloadReader.Everybody };
            await using ILogTarget target = targets.Open(stream);
            while (await ReadAsync(delivery.Stream, filter, cancellationToken) is { } page)
            {
                if (!await SendAsync(delivery, page, target, cancellationToken) || !page.IsFull) return;
            }
        }
        catch (Exception e)
        {
            // When the replica stops, or has lost the job, nothing is wrong with the stream, whatever broke off.
            if (!cancellationToken.IsCancellationRequested) await NoteProblemAsync(delivery.Stream, e, cancellationToken);
        }
    }

    private async Task<LinkedCalls?> ReadAsync(LogStream stream, CallFilter filter, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            LinkedCalls? page = await store.ReadAsync(stream.Organization, stream.Progress.Position, stream.Payloads ? PageWithPayloads : Page, filter, cancellationToken);
            if (page is not null && stream.Entries) page = page with { Entries = await store.ReadEntriesAsync(stream.Organization, stream.Progress.Position, page.Last, cancellationToken) };
            if (page is null || !stream.Payloads) return page;
            IReadOnlyList<CallRecord> with = await calls.ReadPayloadsAsync(stream.Organization, [.. page.Calls.Select(c => c.Call)], cancellationToken);
            return page with { Calls = [.. page.Calls.Zip(with, (linked, call) => linked with { Call = call })] };
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <returns>False when the stream is gone or paused, or another replica has it.</returns>
    private async Task<bool> SendAsync(Delivery delivery, LinkedCalls page, ILogTarget target, CancellationToken cancellationToken)
    {
        foreach (LogBatch batch in LogBatch.Of(LogMessage.Of(page, delivery.Stream.Payloads)))
        {
            await target.SendAsync(batch, cancellationToken);
            _resting.TryRemove(delivery.Stream.Id, out _);
            LogStreamProgress sent = new(batch.Last, delivery.Stream.Progress.Delivered + batch.Messages.Count, Instant.Now(time), null, null);
            // Not with the token: it has been sent, and is noted so that it is not sent again.
            if (!await MoveAsync(delivery, sent, CancellationToken.None)) return false;
        }

        // Behind the last that was sent are entries that are not asked for, and calls that the filter does not let through.
        return page.Last == delivery.Stream.Progress.Position || await MoveAsync(delivery, delivery.Stream.Progress with { Position = page.Last }, cancellationToken);
    }

    private async Task<bool> MoveAsync(Delivery delivery, LogStreamProgress progress, CancellationToken cancellationToken)
    {
        if (!await store.NoteAsync(delivery.Stream, progress, cancellationToken)) return false;
        delivery.Stream = delivery.Stream with { Progress = progress };
        return true;
    }

    private async Task NoteProblemAsync(LogStream stream, Exception problem, CancellationToken cancellationToken)
    {
        int failures = _resting.TryGetValue(stream.Id, out Rest before) ? before.Failures + 1 : 1;
        TimeSpan rest = (problem as LogTargetException)?.After ?? TimeSpan.FromSeconds(Math.Min(LongestRest.TotalSeconds, Math.Pow(2, Math.Min(failures - 1, 10))));
        _resting[stream.Id] = new Rest(failures, time.GetUtcNow() + rest);
        LogFailed(logger, problem, stream.Id, stream.Organization, rest.TotalSeconds);
        string words = problem is LogTargetException ? problem.Message : "The stream failed; the operator's log says more.";
        try
        {
            await store.NoteAsync(stream, stream.Progress with { Problem = words, ProblemAt = Instant.Now(time) }, cancellationToken);
        }
        catch (Exception e)
        {
            // The database may be what failed; the log has the first of the two.
            LogNotNoted(logger, e.Message, stream.Id);
        }
    }

    /// <summary>A stream as far as it has come, also when something fails behind that.</summary>
    private sealed class Delivery
    {
        public required LogStream Stream { get; set; }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Rest(int Failures, DateTimeOffset Until);

    [LoggerMessage(6271, LogLevel.Warning, "Log stream {Stream} of organisation {Organization} failed; it is tried again in {Seconds:0} s.")]
    private static partial void LogFailed(ILogger logger, Exception exception, LogStreamId stream, OrganizationId organization, double seconds);

    [LoggerMessage(6272, LogLevel.Warning, "What is wrong with log stream {Stream} could not be noted ({Reason}).")]
    private static partial void LogNotNoted(ILogger logger, string reason, LogStreamId stream);
}
