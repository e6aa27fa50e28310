using System.Data;
using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Redaction;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Redaction;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Proxy;

internal sealed class SnapshotSource(ScopedContexts contexts) : ISnapshotSource
{
    // All organisations at once are many rows; the ordinary limit is made for a page of them.
    private static readonly TimeSpan LoadAllPatience = TimeSpan.FromSeconds(60);

    public async Task<IReadOnlyList<OrganizationSnapshot>> LoadAllAsync(ProxySnapshot known, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        context.Database.SetCommandTimeout(LoadAllPatience);
        return await ReadAsync(context, context.Organizations, context.Servers, context.CallLimits, context.Gateways, context.ServerPins, context.PolicyEngines, context.RedactionRules, context.ServerRedactions, known, cancellationToken);
    }

    public async Task<OrganizationSnapshot> LoadAsync(OrganizationId organization, ProxySnapshot known, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<OrganizationSnapshot> found = await ReadAsync(context,
            context.Organizations.Where(o => o.Id == organization),
            context.Servers.Where(s => s.OrgId == organization),
            context.CallLimits.Where(l => l.OrgId == organization),
            context.Gateways.Where(g => g.OrgId == organization),
            context.ServerPins.Where(p => p.OrgId == organization),
            context.PolicyEngines.Where(e => e.OrgId == organization),
            context.RedactionRules.Where(r => r.OrgId == organization),
            context.ServerRedactions.Where(r => r.OrgId == organization),
            known,
            cancellationToken);
        return found.SingleOrDefault() ?? new OrganizationSnapshot(organization, Routes: null, Policies: null);
    }

    /// <summary>Queries that see one instant: a server's new address must not meet its old rules.</summary>
    private static async Task<List<OrganizationSnapshot>> ReadAsync(
        McpxDbContext context,
        IQueryable<OrganizationRow> organizations,
        IQueryable<ServerRow> servers,
        IQueryable<CallLimitRow> limits,
        IQueryable<GatewayRow> gateways,
        IQueryable<ServerPinRow> pins,
        IQueryable<PolicyEngineRow> engines,
        IQueryable<RedactionRulesRow> redactions,
        IQueryable<ServerRedactionRow> serverRedactions,
        ProxySnapshot known,
        CancellationToken cancellationToken)
    {
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        List<OrganizationRow> organizationRows = await organizations.AsNoTracking().ToListAsync(cancellationToken);
        List<ServerRow> serverRows = await servers.AsNoTracking().Include(s => s.Credential).ToListAsync(cancellationToken);
        Dictionary<ServerId, ToolPolicy> policies = await ReadPoliciesAsync(context, serverRows, known.Governance, cancellationToken);
        List<CallLimitRow> limitRows = await limits.AsNoTracking().OrderBy(l => l.CreatedAt).ToListAsync(cancellationToken);
        List<GatewayRow> gatewayRows = await gateways.AsNoTracking().Include(g => g.Members).ToListAsync(cancellationToken);
        Dictionary<OrganizationId, PolicyEngineRow> engineOf = await engines.AsNoTracking().ToDictionaryAsync(e => e.OrgId, cancellationToken);
        Dictionary<OrganizationId, OrganizationRules> redactionOf = (await redactions.AsNoTracking().ToListAsync(cancellationToken)).ToDictionary(r => r.OrgId, r => r.ToRules());
        Dictionary<ServerId, ServerRedaction> ownRedactions = (await serverRedactions.AsNoTracking().ToListAsync(cancellationToken)).ToDictionary(r => r.ServerId, r => r.ToSettings());
        ILookup<OrganizationId, ServerPins> pinsOf = await ReadPinsAsync(context, pins, known.Pins, cancellationToken);

        ILookup<OrganizationId, GatewayRow> gatewaysOf = gatewayRows.ToLookup(g => g.OrgId);
        ILookup<OrganizationId, ServerRow> byOrganization = serverRows.ToLookup(s => s.OrgId);
        ILookup<OrganizationId, CallLimitRow> limitsOf = limitRows.ToLookup(l => l.OrgId);
        return [.. organizationRows.Select(o => ToSnapshot(o, byOrganization[o.Id], policies, limitsOf[o.Id], gatewaysOf[o.Id]) with
        {
            Pins = new OrganizationPins(o.Id, pinsOf[o.Id].ToDictionary(p => p.Server)),
            PolicyEngine = engineOf.GetValueOrDefault(o.Id)?.ToEngine(),
            Redaction = new OrganizationRedaction(o.Id, redactionOf.GetValueOrDefault(o.Id) ?? OrganizationRules.Default,
                byOrganization[o.Id].Where(s => ownRedactions.ContainsKey(s.Id)).Select(s => (s.Slug, ownRedactions[s.Id])),
                gatewaysOf[o.Id].Select(g => (g.Slug, (IReadOnlyCollection<ServerId>)[.. g.Members.Select(m => m.ServerId)]))),
        })];
    }

    /// <summary>Policies whose rules are still those are taken over as they are compiled; only the others are read.</summary>
    private static async Task<Dictionary<ServerId, ToolPolicy>> ReadPoliciesAsync(
        McpxDbContext context, List<ServerRow> servers, GovernanceSnapshot known, CancellationToken cancellationToken)
    {
        // Saving rules writes the server's row too, in every release: PostgreSQL's own mark of its version tells of it.
        Dictionary<Guid, long> versions = await context.Database.SqlQuery<RowVersion>($"SELECT id, xmin::text::bigint AS version FROM servers")
            .ToDictionaryAsync(r => r.Id, r => r.Version, cancellationToken);
        Dictionary<ServerId, ToolPolicy> policies = [];
        List<ServerRow> changed = [];
        foreach (ServerRow server in servers)
        {
            if (known.Find(server.OrgId, server.Id) is { } same && same.Version == versions[server.Id.Value]) policies.Add(server.Id, same);
            else changed.Add(server);
        }

        if (changed.Count == 0) return policies;
        ServerId[] ids = [.. changed.Select(s => s.Id)];
        ILookup<ServerId, ToolRuleRow> rules = (await context.ToolRules.AsNoTracking().Where(r => ids.Contains(r.ServerId)).OrderBy(r => r.ServerId).ThenBy(r => r.Position)
            .ToListAsync(cancellationToken)).ToLookup(r => r.ServerId);
        foreach (ServerRow server in changed)
        {
            policies.Add(server.Id, new ToolPolicy(new ServerGovernance(server.Id, server.GovernanceMode, [.. rules[server.Id].Select(r => r.ToRule())])
            {
                Enforce = server.GovernanceEnforced,
                Version = versions[server.Id.Value],
            }));
        }

        return policies;
    }

    private sealed record RowVersion(Guid Id, long Version);

    /// <summary>The hashes alone, and only of servers whose pins changed since they were read last.</summary>
    private static async Task<ILookup<OrganizationId, ServerPins>> ReadPinsAsync(
        McpxDbContext context, IQueryable<ServerPinRow> pins, PinSnapshot known, CancellationToken cancellationToken)
    {
        List<ServerPinRow> rows = await pins.AsNoTracking().ToListAsync(cancellationToken);
        ServerId[] changed = [.. rows.Where(r => known.Find(r.OrgId, r.ServerId)?.Version != r.Version).Select(r => r.ServerId)];
        var tools = changed.Length == 0
            ? []
            : await context.ToolPins.Where(p => changed.Contains(p.ServerId))
                .Select(p => new { p.ServerId, p.Name, p.ApprovedHash, p.SeenHash, p.RejectedHash, p.SeenByClient }).ToListAsync(cancellationToken);
        var toolsOf = tools.ToLookup(t => t.ServerId);
        return rows.ToLookup(r => r.OrgId, r => known.Find(r.OrgId, r.ServerId) is { } same && same.Version == r.Version
            ? same
            : new ServerPins(r.ServerId, r.ToSettings(), r.Version,
                [.. toolsOf[r.ServerId].Select(t => KeyValuePair.Create(t.Name, ToolPinRow.ToPin(t.ApprovedHash, t.SeenHash, t.RejectedHash, t.SeenByClient)))]));
    }

    private static OrganizationSnapshot ToSnapshot(
        OrganizationRow row, IEnumerable<ServerRow> servers, Dictionary<ServerId, ToolPolicy> all, IEnumerable<CallLimitRow> limits, IEnumerable<GatewayRow> gateways)
    {
        Organization organization = new(row.Id, row.Slug, row.Name);
        List<ServerRoute> routes = [];
        Dictionary<ServerId, ToolPolicy> policies = [];
        foreach (ServerRow server in servers)
        {
            routes.Add(new ServerRoute(organization, server.ToServer(), server.Credential?.ToStored()));
            policies[server.Id] = all[server.Id];
        }

        Dictionary<ServerId, ServerRoute> byId = routes.ToDictionary(r => r.Server.Id);
        IEnumerable<GatewayRoute> gatewayRoutes = gateways.Select(g => g.ToGateway()).Select(g =>
            new GatewayRoute(organization, g, [.. g.Members.Select(m => new MemberRoute(m, byId[m.Server]))]));
        OrganizationPolicies governance = new(row.Id, policies)
        {
            Settings = new GovernanceSettings(row.NewServersClosed, row.ExplainRefusals),
            Limits = [.. limits.Select(l => l.ToLimit())],
        };
        return new OrganizationSnapshot(row.Id, new OrganizationRoutes(organization, routes, gatewayRoutes), governance)
        {
            Hosts = HostRules.Of(row.EgressHosts),
            IsStrict = row.Recording is RecordingMode.Strict,
        };
    }
}
