using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>The engines that are asked on this replica, immutable.</summary>
public sealed class PolicyEngineSnapshot(IEnumerable<PolicyEngine> engines)
{
    private readonly Dictionary<OrganizationId, PolicyEngine> _engines = engines.Where(e => e.Enabled).ToDictionary(e => e.Organization);

    public static PolicyEngineSnapshot Empty { get; } = new([]);

    /// <summary>Null for an organisation that asks none.</summary>
    public PolicyEngine? Find(OrganizationId organization) => _engines.GetValueOrDefault(organization);

    public PolicyEngineSnapshot With(OrganizationId organization, PolicyEngine? engine) =>
        new([.. _engines.Values.Where(e => e.Organization != organization), .. engine is null ? Array.Empty<PolicyEngine>() : [engine]]);
}
