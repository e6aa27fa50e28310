using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>What an organisation decided for all of its servers.</summary>
/// <param name="NewServersClosed">A new server starts with an empty allowlist instead of open.</param>
/// <param name="ExplainRefusals">The error of a refused call says which rule refused it, and why.</param>
public sealed record GovernanceSettings(bool NewServersClosed, bool ExplainRefusals)
{
    public static GovernanceSettings Default { get; } = new(NewServersClosed: false, ExplainRefusals: true);

    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization).With("newServersClosed", NewServersClosed).With("explainRefusals", ExplainRefusals);
}

/// <summary>The compiled policies of one organisation's servers.</summary>
public sealed record OrganizationPolicies(OrganizationId Organization, IReadOnlyDictionary<ServerId, ToolPolicy> Servers)
{
    public GovernanceSettings Settings { get; init; } = GovernanceSettings.Default;

    public IReadOnlyList<CallLimit> Limits { get; init; } = [];
}

/// <summary>Every policy that this replica enforces, immutable.</summary>
public sealed class GovernanceSnapshot(IEnumerable<OrganizationPolicies> organizations)
{
    private readonly Dictionary<OrganizationId, OrganizationPolicies> _organizations = organizations.ToDictionary(o => o.Organization);

    public static GovernanceSnapshot Empty { get; } = new([]);

    public OrganizationPolicies? Find(OrganizationId organization) => _organizations.GetValueOrDefault(organization);

    public ToolPolicy? Find(OrganizationId organization, ServerId server) => Find(organization)?.Servers.GetValueOrDefault(server);

    public GovernanceSnapshot With(OrganizationId organization, OrganizationPolicies? policies) =>
        new([.. _organizations.Values.Where(o => o.Organization != organization), .. policies is null ? Array.Empty<OrganizationPolicies>() : [policies]]);
}
