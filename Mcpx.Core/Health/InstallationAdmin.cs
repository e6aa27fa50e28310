using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Metrics;
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
/// <param name="RollUps">How far figures are rolled up; null when the database could not be asked.</param>
/// <param name="StartedAt">When the replica that answers was started.</param>
public sealed record InstallationReport(JournalState Journal, DatabaseFacts? Database, IReadOnlyList<JobReport>? Jobs, RollUpReport? RollUps, DateTimeOffset StartedAt)
{
    /// <summary>When the rights of whoever reads it were last found in the database.</summary>
    public DateTimeOffset ConfirmedAt { get; internal init; }
}

/// <summary>
/// The one door to how the installation is. It opens to Owners of the organisation that came with it: what waits on a
/// replica's disk is everybody's.
/// </summary>
public sealed class InstallationAdmin(CallJournal journal, IDatabaseFacts database, IJobStore jobs, IMetricRetentionStore figures, OperatorOrganization operators, TimeProvider time)
{
    /// <summary>How long rights that were confirmed last while the database can't be asked.</summary>
    public static readonly TimeSpan RightsLast = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <exception cref="RefusalException.Forbidden">Not an Owner of the operators' organisation.</exception>
    public async Task<InstallationReport> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        if (!operators.Is(actor.Organization))
            throw new RefusalException.Forbidden("How the installation is, is for Owners of the organisation that came with it.");
        DateTimeOffset confirmed = time.GetUtcNow();
        (IReadOnlyList<JobReport> Jobs, RollUpReport RollUps)? asked = await TryAskAsync(confirmed, cancellationToken);
        return new InstallationReport(journal.State, database.Facts, asked?.Jobs, asked?.RollUps, _startedAt) { ConfirmedAt = confirmed };
    }

    /// <summary>
    /// What this replica knows by itself, for who holds a report and can't be looked up again because the database is away.
    /// Null when that was too long ago: a replica that alone is cut off does not hear whose rights have ended meanwhile.
    /// </summary>
    public InstallationReport? GetWithoutDatabase(InstallationReport before) =>
        time.GetUtcNow() - before.ConfirmedAt < RightsLast ? before with { Journal = journal.State, Jobs = null, RollUps = null } : null;

    /// <summary>This page is looked at when the database is away: what the replica itself knows must not wait for it.</summary>
    private async Task<(IReadOnlyList<JobReport>, RollUpReport)?> TryAskAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return (await jobs.ListAsync(either.Token), await figures.ReportAsync(now, either.Token));
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
