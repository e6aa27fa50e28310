using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

public interface IGovernanceStore
{
    /// <summary>Null when the organisation has no such server.</summary>
    Task<ServerGovernance?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    /// <summary>Replaces mode and rules in one step; false when the organisation has no such server.</summary>
    Task<bool> ReplaceAsync(OrganizationId organization, ServerGovernance governance, AdminChange change, CancellationToken cancellationToken);

    /// <summary>The names of those among the audiences' members, service accounts and tokens that the organisation has now.</summary>
    Task<IReadOnlyDictionary<Guid, string>> NamesAsync(OrganizationId organization, IReadOnlyCollection<RuleAudience> audiences, CancellationToken cancellationToken);

    Task<GovernanceSettings> FindSettingsAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>False when the organisation is gone.</summary>
    Task<bool> SaveSettingsAsync(OrganizationId organization, GovernanceSettings settings, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>The one door to rules about tools.</summary>
public sealed class GovernanceAdmin(IGovernanceStore store, ChangeFeed changes, TimeProvider time)
{
    public const int MostRules = 1000;
    public const int LongestPattern = 256;

    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<ServerGovernance> GetAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, server, cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <summary>The names of those whom rules are for; who is missing in the answer is gone, and the rule is for nobody.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(Actor actor, ServerGovernance governance, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await NamesOfAsync(actor, governance, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<ServerGovernance> ReplaceAsync(Actor actor, ServerId server, NewGovernance input, CancellationToken cancellationToken)
    {
        ServerGovernance governance = await DraftAsync(actor, server, input, cancellationToken);
        if (!await store.ReplaceAsync(actor.Organization, governance, AdminChange.By(actor, AdminAction.RulesReplace, SubjectKinds.Server, server.Value, time), cancellationToken))
            throw new RefusalException.NotFound("server");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        return governance;
    }

    /// <summary>The rules as they would be saved; nothing is.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<ServerGovernance> DraftAsync(Actor actor, ServerId server, NewGovernance input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        ServerGovernance governance = GovernanceInput.Read(server, input, time);
        ServerGovernance before = await store.FindAsync(actor.Organization, server, cancellationToken) ?? throw new RefusalException.NotFound("server");
        IReadOnlyDictionary<Guid, string> names = await NamesOfAsync(actor, governance, cancellationToken);
        // A rule for somebody who has gone since may stay; a new one for nobody is a mistake, or somebody else's id.
        HashSet<RuleAudience> kept = [.. before.Rules.Select(r => r.For)];
        InputCheck check = new();
        for (int i = 0; i < governance.Rules.Count; i++)
        {
            RuleAudience audience = governance.Rules[i].For;
            check.Require(audience.Id is not { } id || names.ContainsKey(id) || kept.Contains(audience), $"rules[{i}].for", "The organisation has no such member, service account or token.");
        }

        check.ThrowIfWrong();
        return governance;
    }

    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<GovernanceSettings> GetSettingsAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindSettingsAsync(actor.Organization, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, or the organisation is gone.</exception>
    public async Task<GovernanceSettings> SaveSettingsAsync(Actor actor, GovernanceSettings settings, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        if (!await store.SaveSettingsAsync(actor.Organization, settings, AdminChange.By(actor, AdminAction.OrganizationUpdate, SubjectKinds.Organization, actor.Organization.Value, time), cancellationToken))
            throw new RefusalException.NotFound("organisation");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        return settings;
    }

    private async Task<IReadOnlyDictionary<Guid, string>> NamesOfAsync(Actor actor, ServerGovernance governance, CancellationToken cancellationToken)
    {
        HashSet<RuleAudience> named = [.. governance.Rules.Select(r => r.For).Where(f => f.Id is not null)];
        return named.Count == 0 ? new Dictionary<Guid, string>() : await store.NamesAsync(actor.Organization, named, cancellationToken);
    }
}
