using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Jobs;

/// <summary>
/// Runs the jobs of which this replica gets hold. A job is held by a lease in the database that is renewed while it runs:
/// a replica that dies lets go of it by doing nothing.
/// </summary>
public sealed partial class JobRunner(IEnumerable<IJob> jobs, IJobStore store, ILogger<JobRunner> logger, TimeProvider time) : BackgroundService
{
    /// <summary>How soon another replica takes over from one that died, together with <see cref="LookEvery"/>.</summary>
    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPauseAfterFailure = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, IJob> _jobs = jobs.ToDictionary(j => j.Name, StringComparer.Ordinal);
    private bool _ensured;

    /// <summary>Takes what is due and begins it. The tasks end with the runs; none fails.</summary>
    public async Task<IReadOnlyList<Task>> StartDueAsync(CancellationToken cancellationToken)
    {
        if (!_ensured)
        {
            ILookup<bool, string> onRequest = _jobs.Values.ToLookup(j => j.Every == IJob.OnRequest, j => j.Name);
            await store.EnsureAsync([.. onRequest[false]], cancellationToken);
            await store.EnsureWaitingAsync([.. onRequest[true]], cancellationToken);
        }

        _ensured = true;
        List<Task> begun = [];
        while (await store.TakeDueAsync(_jobs.Keys, Lease, cancellationToken) is { } held)
            begun.Add(RunAsync(_jobs[held.Name], held, cancellationToken));
        return begun;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        using PeriodicTimer timer = new(LookEvery, time);
        try
        {
            do
            {
                running.RemoveAll(r => r.IsCompleted);
                running.AddRange(await LookAsync(stoppingToken));
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The replica stops; the runs have heard the same token.
        }

        await Task.WhenAll(running);
    }

    private async Task<IReadOnlyList<Task>> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await StartDueAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogLookFailed(logger, e.Message);
            return [];
        }
    }

    private async Task RunAsync(IJob job, JobLease held, CancellationToken stopping)
    {
        // Off the loop's way: a job that begins with long work of its own must not keep the next one waiting.
        await Task.Yield();
        using CancellationTokenSource lost = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using CancellationTokenSource ended = new();
        Task renewing = RenewAsync(held, lost, ended.Token);
        long began = time.GetTimestamp();
        bool succeeded = false;
        string result;
        try
        {
            result = await job.RunAsync(lost.Token);
            succeeded = true;
            LogDone(logger, job.Name, result, time.GetElapsedTime(began).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            result = "Stopped before its end.";
        }
        catch (Exception e)
        {
            result = e.Message;
            LogFailed(logger, e, job.Name);
        }

        await ended.CancelAsync();
        await renewing;
        await GiveBackAsync(job, held, succeeded, result);
    }

    private async Task RenewAsync(JobLease held, CancellationTokenSource lost, CancellationToken ended)
    {
        using PeriodicTimer timer = new(RenewEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                if (await store.RenewAsync(held, Lease, ended)) continue;
                LogLost(logger, held.Name);
                await lost.CancelAsync();
                return;
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The run is over.
        }
        catch (Exception e)
        {
            // Without a lease that is known to hold, another replica may have begun: two must not work at once for long.
            LogRenewalFailed(logger, held.Name, e.Message);
            await lost.CancelAsync();
        }
    }

    /// <summary>Not with the token of the stop, which may be why the run ended; should it fail, the lease runs out by itself.</summary>
    private async Task GiveBackAsync(IJob job, JobLease held, bool succeeded, string result)
    {
        TimeSpan next = succeeded || job.Every != IJob.OnRequest && job.Every < LongestPauseAfterFailure ? job.Every : LongestPauseAfterFailure;
        try
        {
            await store.EndAsync(held, succeeded, result, next, CancellationToken.None);
        }
        catch (Exception e)
        {
            LogLookFailed(logger, e.Message);
        }
    }

    [LoggerMessage(6060, LogLevel.Debug, "Job {Job}: {Result} ({Milliseconds:0} ms)")]
    private static partial void LogDone(ILogger logger, string job, string result, double milliseconds);

    [LoggerMessage(6061, LogLevel.Error, "Job {Job} failed; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string job);

    [LoggerMessage(6062, LogLevel.Warning, "Another replica has taken over job {Job}; it is stopped here.")]
    private static partial void LogLost(ILogger logger, string job);

    [LoggerMessage(6063, LogLevel.Warning, "The hold on job {Job} could not be renewed ({Reason}); it is stopped here.")]
    private static partial void LogRenewalFailed(ILogger logger, string job, string reason);

    [LoggerMessage(6064, LogLevel.Warning, "The table of jobs could not be read or written ({Reason}); it is tried again.")]
    private static partial void LogLookFailed(ILogger logger, string reason);
}
