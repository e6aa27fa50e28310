using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Routes and policies as one, so that a call never meets a server's new address with its old rules. Swapped whole.
/// </summary>
public sealed record ProxySnapshot(GatewaySnapshot Gateways, GovernanceSnapshot Governance)
{
    public static ProxySnapshot Empty { get; } = new(GatewaySnapshot.Empty, GovernanceSnapshot.Empty);
}

/// <summary>One organisation's part of a snapshot; routes null when the organisation is gone.</summary>
public sealed record OrganizationSnapshot(OrganizationId Organization, OrganizationRoutes? Routes, OrganizationPolicies? Policies);

/// <summary>Reads configuration from where it is stored.</summary>
public interface ISnapshotSource
{
    /// <summary>Every organisation, as of one instant.</summary>
    Task<IReadOnlyList<OrganizationSnapshot>> LoadAllAsync(CancellationToken cancellationToken);

    /// <summary>One organisation, as of one instant.</summary>
    Task<OrganizationSnapshot> LoadAsync(OrganizationId organization, CancellationToken cancellationToken);
}
