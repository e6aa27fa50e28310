using System.Collections.Frozen;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

/// <summary>Where calls to one server endpoint go.</summary>
public sealed record ServerRoute(Organization Organization, UpstreamServer Server, StoredCredential? Credential);

/// <summary>Where calls to one virtual gateway go.</summary>
/// <param name="Members">In the gateway's order.</param>
public sealed record GatewayRoute(Organization Organization, VirtualGateway Gateway, IReadOnlyList<MemberRoute> Members);

/// <summary>One member of a virtual gateway and where it is.</summary>
public sealed record MemberRoute(GatewayMember Member, ServerRoute Server)
{
    /// <summary>What stands in front of the names of its tools and prompts: its own, else the server's.</summary>
    public string Prefix => Member.Prefix ?? Server.Server.ToolPrefix;
}

/// <summary>The endpoints of one organisation, immutable.</summary>
public sealed class OrganizationRoutes(Organization organization, IEnumerable<ServerRoute> servers, IEnumerable<GatewayRoute> gateways)
{
    private readonly FrozenDictionary<string, GatewayRoute> _gateways = gateways.ToFrozenDictionary(r => r.Gateway.Slug, StringComparer.Ordinal);
    private readonly FrozenDictionary<string, ServerRoute> _servers = servers.ToFrozenDictionary(r => r.Server.Slug, StringComparer.Ordinal);
    private readonly FrozenDictionary<ServerId, ServerRoute> _serversById = servers.ToFrozenDictionary(r => r.Server.Id);

    public Organization Organization { get; } = organization;

    public int Count => _servers.Count;

    public ServerRoute? FindServer(string slug) => _servers.GetValueOrDefault(slug);

    public ServerRoute? FindServer(ServerId id) => _serversById.GetValueOrDefault(id);

    public GatewayRoute? FindGateway(string slug) => _gateways.GetValueOrDefault(slug);

    public GatewayRoute? FindGateway(GatewayId id) => _gateways.Values.FirstOrDefault(r => r.Gateway.Id == id);

    public IEnumerable<GatewayRoute> Gateways => _gateways.Values;

    public IEnumerable<ServerRoute> Servers => _servers.Values;
}

/// <summary>Every endpoint that this replica serves, immutable; a change makes a new one that shares what did not change.</summary>
public sealed class GatewaySnapshot
{
    private readonly Dictionary<string, OrganizationRoutes> _bySlug;
    private readonly Dictionary<OrganizationId, OrganizationRoutes> _byId;

    public GatewaySnapshot(IEnumerable<OrganizationRoutes> organizations)
    {
        _byId = organizations.ToDictionary(o => o.Organization.Id);
        _bySlug = _byId.Values.ToDictionary(o => o.Organization.Slug, StringComparer.Ordinal);
    }

    public static GatewaySnapshot Empty { get; } = new([]);

    public OrganizationRoutes? Find(string organizationSlug) => _bySlug.GetValueOrDefault(organizationSlug);

    public IEnumerable<OrganizationRoutes> Organizations => _byId.Values;

    public OrganizationRoutes? Find(OrganizationId organization) => _byId.GetValueOrDefault(organization);

    /// <param name="routes">The organisation's new routes; null when it is gone.</param>
    public GatewaySnapshot With(OrganizationId organization, OrganizationRoutes? routes) =>
        new([.. _byId.Values.Where(o => o.Organization.Id != organization), .. routes is null ? Array.Empty<OrganizationRoutes>() : [routes]]);
}
