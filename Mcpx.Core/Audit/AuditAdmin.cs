using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit;

/// <summary>The one door to the audit log. Nothing in it can be changed, and nobody but <see cref="AdminChange"/> and <see cref="RefusedSignIns"/> adds to it.</summary>
public sealed class AuditAdmin(IAdminEntryStore store, OperatorOrganization operators)
{
    public const int LargestPage = 200;

    private const int LongestAction = 64;

    /// <summary>False where even an Owner may not read the installation's own log.</summary>
    public bool ShowsInstallationTo(Actor actor) => operators.Is(actor.Organization) && actor.Role.Allows(Permission.ManageOrganization);

    /// <summary>The organisation's log, newest first.</summary>
    /// <exception cref="RefusalException">Not allowed, or a filter that is none.</exception>
    public Task<Page<AdminEntry>> ListAsync(Actor actor, AdminEntryFilter filter, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewAuditLog);
        return store.ListAsync(actor.Organization, Checked(filter), cancellationToken);
    }

    /// <summary>What belongs to no organisation: refused sign-ins, people without an organisation, organisations that were deleted.</summary>
    /// <exception cref="RefusalException">Not an Owner of the operators' organisation, or a filter that is none.</exception>
    public Task<Page<AdminEntry>> ListInstallationAsync(Actor actor, AdminEntryFilter filter, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        if (!ShowsInstallationTo(actor))
            throw new RefusalException.Forbidden("This log is the whole installation's: only Owners of the organisation that came with it may read it.");
        return store.ListAsync(organization: null, Checked(filter), cancellationToken);
    }

    private static AdminEntryFilter Checked(AdminEntryFilter filter)
    {
        new InputCheck().Require(filter.Action is null || filter.Action.Length is > 0 and <= LongestAction && filter.Action.All(c => char.IsAsciiLetterLower(c) || c is '-' or '.'), "action", "Use the name of an action, or its part before the dot.").ThrowIfWrong();
        return filter with { Size = Math.Clamp(filter.Size, 1, LargestPage) };
    }
}
