using System.Collections.Immutable;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Routes and policies as one, so that a call never meets a server's new address with its old rules. Swapped whole.
/// </summary>
public sealed record ProxySnapshot(GatewaySnapshot Gateways, GovernanceSnapshot Governance)
{
    public static ProxySnapshot Empty { get; } = new(GatewaySnapshot.Empty, GovernanceSnapshot.Empty);

    /// <summary>Which definitions of tools are approved.</summary>
    public PinSnapshot Pins { get; init; } = PinSnapshot.Empty;

    /// <summary>Who is asked about calls besides.</summary>
    public PolicyEngineSnapshot PolicyEngines { get; init; } = PolicyEngineSnapshot.Empty;

    /// <summary>The organisations that record strictly.</summary>
    public ImmutableHashSet<OrganizationId> Strict { get; init; } = [];

    /// <summary>What records are redacted by.</summary>
    public RedactionSnapshot Redactions { get; init; } = RedactionSnapshot.Empty;
}

/// <summary>One organisation's part of a snapshot; routes null when the organisation is gone.</summary>
public sealed record OrganizationSnapshot(OrganizationId Organization, OrganizationRoutes? Routes, OrganizationPolicies? Policies)
{
    /// <summary>Null when the organisation is gone.</summary>
    public HostRules? Hosts { get; init; }

    public OrganizationPins? Pins { get; init; }

    /// <summary>Null when the organisation has none.</summary>
    public PolicyEngine? PolicyEngine { get; init; }

    public bool IsStrict { get; init; }

    /// <summary>Null when the organisation is gone.</summary>
    public OrganizationRedaction? Redaction { get; init; }
}

/// <summary>Reads configuration from where it is stored.</summary>
public interface ISnapshotSource
{
    /// <summary>Every organisation, as of one instant.</summary>
    /// <param name="known">What is in memory: rules and pins of a server are many, and read only when they are others by now.</param>
    Task<IReadOnlyList<OrganizationSnapshot>> LoadAllAsync(ProxySnapshot known, CancellationToken cancellationToken);

    /// <summary>One organisation, as of one instant.</summary>
    /// <inheritdoc cref="LoadAllAsync(ProxySnapshot, CancellationToken)"/>
    Task<OrganizationSnapshot> LoadAsync(OrganizationId organization, ProxySnapshot known, CancellationToken cancellationToken);

    /// <summary>The same for who has nothing in memory.</summary>
    Task<IReadOnlyList<OrganizationSnapshot>> LoadAllAsync(CancellationToken cancellationToken) => LoadAllAsync(ProxySnapshot.Empty, cancellationToken);

    /// <inheritdoc cref="LoadAllAsync(CancellationToken)"/>
    Task<OrganizationSnapshot> LoadAsync(OrganizationId organization, CancellationToken cancellationToken) => LoadAsync(organization, ProxySnapshot.Empty, cancellationToken);
}
