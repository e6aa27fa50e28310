using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>The pins of one organisation's servers; of a server without any there is nothing here.</summary>
public sealed record OrganizationPins(OrganizationId Organization, IReadOnlyDictionary<ServerId, ServerPins> Servers);

/// <summary>Every pin that this replica enforces, immutable; a change makes a new one that shares what did not change.</summary>
public sealed class PinSnapshot(IEnumerable<OrganizationPins> organizations)
{
    private static readonly Decision.Deny NotApproved = new("pin:changed", "This definition of the tool is not the approved one.");

    private readonly Dictionary<OrganizationId, OrganizationPins> _organizations = organizations.ToDictionary(o => o.Organization);

    public static PinSnapshot Empty { get; } = new([]);

    /// <summary>Null for a server that nothing is known of, which is watched as <see cref="PinSettings.Default"/> says.</summary>
    public ServerPins? Find(OrganizationId organization, ServerId server) => PinsOf(organization)?.GetValueOrDefault(server);

    /// <summary>Null when the tool may be called here, as far as its definition goes.</summary>
    public Decision.Deny? Decide(ServerRoute route, string tool) => Find(route)?.Decide(tool);

    /// <summary>May a list show the tool with this definition?</summary>
    public bool Shows(ServerRoute route, string tool, DefinitionHash? hash) => Find(route)?.Shows(tool, hash) is not false;

    /// <summary>Null when a list may show the tool with this definition; else the rule that hides it.</summary>
    /// <inheritdoc cref="Shows"/>
    public Decision.Deny? DecideShown(ServerRoute route, string tool, DefinitionHash? hash) =>
        Decide(route, tool) ?? (Shows(route, tool, hash) ? null : NotApproved);

    /// <summary>True when a list needs no reading for this server's pins.</summary>
    public bool PassesAll(ServerRoute route) => Find(route)?.PassesAll is not false;

    /// <summary>How many tools of the organisation wait for somebody's yes or no.</summary>
    public int PendingOf(OrganizationId organization) => PinsOf(organization)?.Values.Sum(p => p.Pending) ?? 0;

    public PinSnapshot With(OrganizationId organization, OrganizationPins? pins) =>
        new([.. _organizations.Values.Where(o => o.Organization != organization), .. pins is null ? Array.Empty<OrganizationPins>() : [pins]]);

    private IReadOnlyDictionary<ServerId, ServerPins>? PinsOf(OrganizationId organization) =>
        _organizations.TryGetValue(organization, out OrganizationPins? pins) ? pins.Servers : null;

    private ServerPins? Find(ServerRoute route) => Find(route.Organization.Id, route.Server.Id);
}

/// <summary>Gives the pins that calls are decided by at the moment.</summary>
public interface IPinSource
{
    PinSnapshot Pins { get; }
}
