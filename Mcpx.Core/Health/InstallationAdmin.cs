using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Health;

/// <summary>The database as start-up found it.</summary>
/// <param name="Edition">How time series are kept, in words.</param>
/// <param name="Timescale">The extension's version; null without it.</param>
public sealed record DatabaseFacts(string Version, string Edition, string? Timescale);

/// <summary>Knows the database.</summary>
public interface IDatabaseFacts
{
    /// <summary>Null until it was reached.</summary>
    DatabaseFacts? Facts { get; }
}

/// <summary>How the installation is.</summary>
/// <param name="Journal">Of the replica that answers.</param>
/// <param name="Jobs">By name; null when the database could not be asked.</param>
/// <param name="StartedAt">When the replica that answers was started.</param>
public sealed record InstallationReport(JournalState Journal, DatabaseFacts? Database, IReadOnlyList<JobReport>? Jobs, DateTimeOffset StartedAt);

/// <summary>
/// The one door to how the installation is. It opens to Owners of the organisation that came with it: what waits on a
/// replica's disk is everybody's.
/// </summary>
public sealed class InstallationAdmin(CallJournal journal, IDatabaseFacts database, IJobStore jobs, OperatorOrganization operators, TimeProvider time)
{
    private static readonly TimeSpan JobsPatience = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <exception cref="RefusalException.Forbidden">Not an Owner of the operators' organisation.</exception>
    public async Task<InstallationReport> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        if (!operators.Is(actor.Organization))
            throw new RefusalException.Forbidden("How the installation is, is for Owners of the organisation that came with it.");
        return new InstallationReport(journal.State, database.Facts, await TryListJobsAsync(cancellationToken), _startedAt);
    }

    /// <summary>This page is looked at when the database is away: what the replica itself knows must not wait for it.</summary>
    private async Task<IReadOnlyList<JobReport>?> TryListJobsAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(JobsPatience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await jobs.ListAsync(either.Token);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
