using Mcpx.Core.Audit;

namespace Mcpx.Core.Jobs;

/// <summary>
/// Work that the installation does by itself, now and then, on one replica of many. To add one, write a class with this
/// interface in its capability and register it, <c>services.AddSingleton&lt;IJob, SigningKeyRotationJob&gt;()</c>: the
/// <see cref="JobRunner"/> finds it, and its row in the table of jobs is made at the first start.
/// </summary>
/// <remarks>
/// A job may be begun twice: by a second replica after the first one died in it, or lost its lease. So it must be safe to
/// repeat, and leave the database right wherever it is cut off.
/// </remarks>
public interface IJob
{
    /// <summary>For <see cref="Every"/>: it runs when somebody asks for it, see <see cref="IJobStore.RequestAsync"/>, and not by itself.</summary>
    static TimeSpan OnRequest => Timeout.InfiniteTimeSpan;

    /// <summary>Lower case, with hyphens; the key of its row, so it stays the same through releases.</summary>
    string Name { get; }

    /// <summary>From the end of one run to the beginning of the next. After a failure it is tried again within a minute.</summary>
    TimeSpan Every { get; }

    /// <summary>Ends early when <paramref name="cancellationToken"/> fires: the replica stops, or no longer holds the job.</summary>
    /// <returns>What was done, in a few words, for people.</returns>
    Task<string> RunAsync(CancellationToken cancellationToken);
}

/// <summary>A job that this replica holds.</summary>
/// <param name="Run">Of this run among all: a lease that was lost and taken again is another one.</param>
public sealed record JobLease(string Name, Guid Run);

/// <summary>How a job is.</summary>
/// <param name="IsPending">Due, or held by a replica.</param>
/// <param name="Succeeded">Of the last run that ended; null when none has.</param>
/// <param name="Result">What it did, or why it failed.</param>
public sealed record JobState(bool IsPending, bool? Succeeded, string? Result, DateTimeOffset? EndedAt);

/// <param name="IsRunning">A replica holds it.</param>
/// <param name="NextAt">When it is due; null for one that waits to be asked for.</param>
public sealed record JobReport(string Name, bool IsRunning, JobState State, DateTimeOffset? NextAt);

public interface IJobStore
{
    /// <summary>All that have a row, by name.</summary>
    Task<IReadOnlyList<JobReport>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Makes the rows of jobs that have none; they are due at once.</summary>
    Task EnsureAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken);

    /// <summary>Makes the rows of jobs that have none and wait to be asked for.</summary>
    Task EnsureWaitingAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken);

    /// <summary>Makes the job due now; one that is running runs once more.</summary>
    Task RequestAsync(string name, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Null for a job that has no row yet.</summary>
    Task<JobState?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Takes one of these jobs that is due and that nobody holds; null when there is none. Of many takers one gets it.</summary>
    Task<JobLease?> TakeDueAsync(IReadOnlyCollection<string> names, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>False when another replica has it meanwhile.</summary>
    Task<bool> RenewAsync(JobLease held, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives the job back and says when it is due again. Does nothing when another replica has it meanwhile.</summary>
    /// <param name="result">What was done, or why it failed.</param>
    /// <param name="next">From now; <see cref="IJob.OnRequest"/> for when it is asked for.</param>
    Task EndAsync(JobLease held, bool succeeded, string result, TimeSpan next, CancellationToken cancellationToken);
}
