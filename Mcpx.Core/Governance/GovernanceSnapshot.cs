using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>The compiled policies of one organisation's servers.</summary>
public sealed record OrganizationPolicies(OrganizationId Organization, IReadOnlyDictionary<ServerId, ToolPolicy> Servers);

/// <summary>Every policy that this replica enforces, immutable.</summary>
public sealed class GovernanceSnapshot(IEnumerable<OrganizationPolicies> organizations)
{
    private readonly Dictionary<OrganizationId, OrganizationPolicies> _organizations = organizations.ToDictionary(o => o.Organization);

    public static GovernanceSnapshot Empty { get; } = new([]);

    public ToolPolicy? Find(OrganizationId organization, ServerId server) =>
        _organizations.TryGetValue(organization, out OrganizationPolicies? policies) ? policies.Servers.GetValueOrDefault(server) : null;

    public GovernanceSnapshot With(OrganizationId organization, OrganizationPolicies? policies) =>
        new([.. _organizations.Values.Where(o => o.Organization != organization), .. policies is null ? Array.Empty<OrganizationPolicies>() : [policies]]);
}
