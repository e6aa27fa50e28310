using System.Data;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Proxy;

internal sealed class SnapshotSource(IDbContextFactory<McpxDbContext> contexts) : ISnapshotSource
{
    // All organisations at once are many rows; the ordinary limit is made for a page of them.
    private static readonly TimeSpan LoadAllPatience = TimeSpan.FromSeconds(60);

    public async Task<IReadOnlyList<OrganizationSnapshot>> LoadAllAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        context.Database.SetCommandTimeout(LoadAllPatience);
        return await ReadAsync(context, context.Organizations, context.Servers, context.ToolRules, context.Gateways, cancellationToken);
    }

    public async Task<OrganizationSnapshot> LoadAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        List<OrganizationSnapshot> found = await ReadAsync(context,
            context.Organizations.Where(o => o.Id == organization),
            context.Servers.Where(s => s.OrgId == organization),
            context.ToolRules.Where(r => r.OrgId == organization),
            context.Gateways.Where(g => g.OrgId == organization),
            cancellationToken);
        return found.SingleOrDefault() ?? new OrganizationSnapshot(organization, Routes: null, Policies: null);
    }

    /// <summary>Queries that see one instant: a server's new address must not meet its old rules.</summary>
    private static async Task<List<OrganizationSnapshot>> ReadAsync(
        McpxDbContext context,
        IQueryable<OrganizationRow> organizations,
        IQueryable<ServerRow> servers,
        IQueryable<ToolRuleRow> rules,
        IQueryable<GatewayRow> gateways,
        CancellationToken cancellationToken)
    {
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        List<OrganizationRow> organizationRows = await organizations.AsNoTracking().ToListAsync(cancellationToken);
        List<ServerRow> serverRows = await servers.AsNoTracking().Include(s => s.Credential).ToListAsync(cancellationToken);
        List<ToolRuleRow> ruleRows = await rules.AsNoTracking().OrderBy(r => r.ServerId).ThenBy(r => r.Position).ToListAsync(cancellationToken);
        List<GatewayRow> gatewayRows = await gateways.AsNoTracking().Include(g => g.Members).ToListAsync(cancellationToken);

        ILookup<OrganizationId, GatewayRow> gatewaysOf = gatewayRows.ToLookup(g => g.OrgId);
        ILookup<OrganizationId, ServerRow> byOrganization = serverRows.ToLookup(s => s.OrgId);
        ILookup<ServerId, ToolRuleRow> byServer = ruleRows.ToLookup(r => r.ServerId);
        return [.. organizationRows.Select(o => ToSnapshot(o, byOrganization[o.Id], byServer, gatewaysOf[o.Id]))];
    }

    private static OrganizationSnapshot ToSnapshot(
        OrganizationRow row, IEnumerable<ServerRow> servers, ILookup<ServerId, ToolRuleRow> rules, IEnumerable<GatewayRow> gateways)
    {
        Organization organization = new(row.Id, row.Slug, row.Name);
        List<ServerRoute> routes = [];
        Dictionary<ServerId, ToolPolicy> policies = [];
        foreach (ServerRow server in servers)
        {
            routes.Add(new ServerRoute(organization, server.ToServer(), server.Credential?.ToStored()));
            policies[server.Id] = new ToolPolicy(new ServerGovernance(server.Id, server.GovernanceMode, [.. rules[server.Id].Select(r => r.ToRule())]));
        }

        Dictionary<ServerId, ServerRoute> byId = routes.ToDictionary(r => r.Server.Id);
        IEnumerable<GatewayRoute> gatewayRoutes = gateways.Select(g => g.ToGateway()).Select(g =>
            new GatewayRoute(organization, g, [.. g.Members.Select(m => new MemberRoute(m, byId[m.Server]))]));
        return new OrganizationSnapshot(row.Id, new OrganizationRoutes(organization, routes, gatewayRoutes), new OrganizationPolicies(row.Id, policies));
    }
}
