using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Credentials;

/// <summary>The keys of the ring, and how far the rotation is.</summary>
public sealed record KeyReport(IReadOnlyList<KeyUse> Keys, JobState? Rotation)
{
    /// <summary>How many secrets are sealed with another key of the ring than the first.</summary>
    public long Waiting => Keys.Where(k => k.Position > 0).Sum(k => k.Total);

    /// <summary>How many are under keys that are not in the ring, and can't be read.</summary>
    public long Lost => Keys.Where(k => k.Position is null).Sum(k => k.Total);
}

/// <summary>
/// The one door to the rotation of encryption keys. They are the whole installation's, so it opens to Owners of the
/// organisation that came with it and to nobody of another one, which anybody may make.
/// </summary>
public sealed partial class KeyAdmin(KeyRotation rotation, IJobStore jobs, OperatorOrganization operators, TimeProvider time, ILogger<KeyAdmin> logger)
{
    /// <summary>False where even an Owner is refused.</summary>
    public bool IsFor(OrganizationId organization) => operators.Is(organization);

    /// <exception cref="RefusalException.Forbidden">Not an Owner of the operators' organisation.</exception>
    public async Task<KeyReport> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        Demand(actor);
        return await ReadAsync(cancellationToken);
    }

    /// <summary>Asks for a rotation; a replica begins it within seconds.</summary>
    /// <exception cref="RefusalException.Forbidden">Not an Owner of the operators' organisation.</exception>
    public async Task<KeyReport> RotateAsync(Actor actor, CancellationToken cancellationToken)
    {
        Demand(actor);
        await jobs.RequestAsync(KeyRotationJob.JobName, AdminChange.By(actor, AdminAction.KeysRotate, SubjectKinds.Installation, subject: null, time), cancellationToken);
        LogRequested(logger, actor.Name);
        return await ReadAsync(cancellationToken);
    }

    private async Task<KeyReport> ReadAsync(CancellationToken cancellationToken) =>
        new(await rotation.CountAsync(cancellationToken), await jobs.FindAsync(KeyRotationJob.JobName, cancellationToken));

    private void Demand(Actor actor)
    {
        actor.Demand(Permission.ManageOrganization);
        if (!operators.Is(actor.Organization))
            throw new RefusalException.Forbidden("The encryption keys are the whole installation's: only Owners of the organisation that came with it may see and rotate them.");
    }

    [LoggerMessage(6123, LogLevel.Information, "A rotation of the encryption keys was asked for by {Actor}.")]
    private static partial void LogRequested(ILogger logger, string actor);
}
