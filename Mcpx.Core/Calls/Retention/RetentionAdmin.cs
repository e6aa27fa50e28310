using Mcpx.Core.Audit;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Retention;

/// <summary>The one door to how long calls are on record, and to what is held back from that.</summary>
public sealed class RetentionAdmin(IRetentionStore store, TimeProvider time)
{
    /// <summary>Each is asked about for each call that would go.</summary>
    public const int MostHolds = 50;

    /// <exception cref="RefusalException">Not allowed, or the organisation is gone.</exception>
    public async Task<RetentionSettings> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, cancellationToken) ?? throw Gone();
    }

    /// <summary>Shorter times hold with the next turn of the retention, within the hour: what they let go is gone for good.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or the organisation is gone.</exception>
    public async Task<RetentionSettings> SaveAsync(Actor actor, RetentionSettings settings, CancellationToken cancellationToken)
    {
        // Shortening it destroys evidence: that is for Owners, like what deletes an organisation.
        actor.Demand(Permission.ManageOrganization);
        new InputCheck()
            .Require(settings.RecordDays is >= 1 and <= RetentionSettings.MostDays, "recordDays", $"Use 1 to {RetentionSettings.MostDays} days.")
            .Require(settings.PayloadDays is >= 1 and <= RetentionSettings.MostDays, "payloadDays", $"Use 1 to {RetentionSettings.MostDays} days.")
            .Require(settings.PayloadDays <= settings.RecordDays, "payloadDays", "What calls carried can't stay longer than their records.")
            .ThrowIfWrong();
        AdminChange change = AdminChange.By(actor, AdminAction.RetentionReplace, SubjectKinds.Organization, actor.Organization.Value, time);
        if (!await store.SaveAsync(actor.Organization, settings, change, cancellationToken)) throw Gone();
        return settings;
    }

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<LegalHold>> ListHoldsAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewAuditLog);
        return store.ListHoldsAsync(actor.Organization, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or too many.</exception>
    public async Task<LegalHold> AddHoldAsync(Actor actor, NewLegalHold input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        string? tool = string.IsNullOrEmpty(input.Tool) ? null : input.Tool;
        new InputCheck().Name(input.Name, "name")
            .Require(tool is null || tool.Length <= GovernanceAdmin.LongestPattern, "tool", $"Use at most {GovernanceAdmin.LongestPattern} characters.")
            .Text(tool, "tool")
            .Require(input.From is null || input.To is null || input.From < input.To, "to", "The end is before the beginning.")
            .ThrowIfWrong();
        LegalHold hold = new(EntityId.New<LegalHoldId>(time), input.Name!.Trim(), input.Server, input.User, input.ServiceAccount, tool,
            input.From?.ToUniversalTime(), input.To?.ToUniversalTime(), Instant.Now(time));
        AdminChange change = AdminChange.By(actor, AdminAction.HoldCreate, SubjectKinds.Hold, hold.Id.Value, time);
        if (!await store.AddHoldAsync(actor.Organization, hold, MostHolds, change, cancellationToken))
            throw new RefusalException.Conflict("name", $"An organisation has at most {MostHolds} legal holds.");
        return hold;
    }

    /// <summary>What only it kept goes with the next turn of the retention.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task ReleaseHoldAsync(Actor actor, LegalHoldId hold, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        AdminChange change = AdminChange.By(actor, AdminAction.HoldRelease, SubjectKinds.Hold, hold.Value, time);
        if (!await store.ReleaseHoldAsync(actor.Organization, hold, change, cancellationToken)) throw new RefusalException.NotFound("legal hold");
    }

    private static RefusalException.NotFound Gone() => new("organisation");
}
