using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Recording;

/// <summary>The one door to how an organisation's calls are recorded.</summary>
public sealed class RecordingAdmin(IRecordingStore store, ChangeFeed changes, TimeProvider time)
{
    /// <exception cref="RefusalException">Not allowed, or the organisation is gone.</exception>
    public async Task<RecordingSettings> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, cancellationToken) ?? throw Gone();
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or the organisation is gone.</exception>
    public async Task<RecordingSettings> SaveAsync(Actor actor, RecordingSettings settings, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        new InputCheck().Require(Enum.IsDefined(settings.Mode), "mode", "Use “standard” or “strict”.").ThrowIfWrong();
        AdminChange change = AdminChange.By(actor, AdminAction.OrganizationUpdate, SubjectKinds.Organization, actor.Organization.Value, time);
        if (!await store.SaveAsync(actor.Organization, settings, change, cancellationToken)) throw Gone();
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        return settings;
    }

    private static RefusalException.NotFound Gone() => new("organisation");
}
