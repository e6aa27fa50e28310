using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Egress;

public interface IEgressStore
{
    /// <summary>Null when there is no such organisation.</summary>
    Task<HostRules?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>False when there is no such organisation.</summary>
    Task<bool> ReplaceAsync(OrganizationId organization, HostRules rules, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>The one door to an organisation's list of allowed hosts. It binds its Admins, so an Owner writes it.</summary>
public sealed partial class EgressAdmin(IEgressStore store, ChangeFeed changes, TimeProvider time, ILogger<EgressAdmin> logger)
{
    /// <exception cref="RefusalException">Not allowed, or the organisation is gone.</exception>
    public async Task<HostRules> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, cancellationToken) ?? throw new RefusalException.NotFound("organisation");
    }

    /// <param name="hosts">Names and <c>*.</c> names; empty for no list.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, or the organisation is gone.</exception>
    public async Task<HostRules> ReplaceAsync(Actor actor, IReadOnlyList<string>? hosts, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        InputCheck check = new();
        HostRules rules = HostRules.Of(HostRules.Check(check, hosts, "hosts"));
        check.ThrowIfWrong();
        AdminChange change = AdminChange.By(actor, AdminAction.AllowedHostsReplace, SubjectKinds.Organization, actor.Organization.Value, time);
        if (!await store.ReplaceAsync(actor.Organization, rules, change, cancellationToken)) throw new RefusalException.NotFound("organisation");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        LogReplaced(logger, actor.Organization, rules.Patterns.Count, actor.Name);
        return rules;
    }

    [LoggerMessage(1440, LogLevel.Information, "The allowed hosts of organisation {Organization} are {Count} patterns now, by {Actor}.")]
    private static partial void LogReplaced(ILogger logger, OrganizationId organization, int count, string actor);
}
