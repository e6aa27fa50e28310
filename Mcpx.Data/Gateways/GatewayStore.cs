using Mcpx.Core.Audit;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Gateways;

internal sealed class GatewayStore(ScopedContexts contexts, ChangeWriter changes) : IGatewayStore
{
    private const string SlugKey = "ix_gateways_org_id_slug";

    public Task AddAsync(VirtualGateway gateway, AdminChange change, CancellationToken cancellationToken) =>
        RefuseTakenSlugAsync(gateway, async () =>
        {
            bool written = await changes.WriteConfigurationAsync(gateway.Organization, async context =>
            {
                context.Gateways.Add(GatewayRow.From(gateway));
                await AddMembersAsync(context, gateway, cancellationToken);
                return Written.As(change.Between(null, await ViewAsync(context, gateway.Organization, gateway.Id, cancellationToken)));
            }, cancellationToken);
            return written ? true : throw new RefusalException.NotFound("organization");
        });

    public Task<bool> UpdateAsync(VirtualGateway gateway, bool replaceMembers, DateTimeOffset? seen, AdminChange change, CancellationToken cancellationToken) =>
        RefuseTakenSlugAsync(gateway, () => changes.WriteConfigurationAsync(gateway.Organization, async context =>
        {
            if (seen is not null) await RefuseUnseenChangeAsync(context, gateway, seen.Value, cancellationToken);
            AuditView? before = await ViewAsync(context, gateway.Organization, gateway.Id, cancellationToken);
            if (!await UpdateRowAsync(context, gateway, cancellationToken)) return null;
            if (replaceMembers)
            {
                await context.GatewayMembers.Where(m => m.OrgId == gateway.Organization && m.GatewayId == gateway.Id).ExecuteDeleteAsync(cancellationToken);
                await AddMembersAsync(context, gateway, cancellationToken);
            }

            return Written.As(change.Between(before, await ViewAsync(context, gateway.Organization, gateway.Id, cancellationToken)));
        }, cancellationToken));

    public Task<bool> DeleteAsync(OrganizationId organization, GatewayId gateway, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ViewAsync(context, organization, gateway, cancellationToken) is not { } before) return null;
            await context.Gateways.Where(g => g.OrgId == organization && g.Id == gateway).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before, null));
        }, cancellationToken);

    public async Task<VirtualGateway?> FindAsync(OrganizationId organization, GatewayId gateway, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        GatewayRow? row = await Read(context, organization).SingleOrDefaultAsync(g => g.Id == gateway, cancellationToken);
        return row?.ToGateway();
    }

    public async Task<VirtualGateway?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken)
    {
        string clean = PostgresText.Clean(slug);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        GatewayRow? row = await Read(context, organization).SingleOrDefaultAsync(g => g.Slug == clean, cancellationToken);
        return row?.ToGateway();
    }

    public async Task<Page<VirtualGateway>> ListAsync(OrganizationId organization, string? after, int size, CancellationToken cancellationToken)
    {
        string from = PostgresText.Clean(after) ?? "";
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<GatewayRow> rows = await Read(context, organization)
            .Where(g => string.Compare(g.Slug, from) > 0)
            .OrderBy(g => g.Slug)
            .Take(size + 1)
            .ToListAsync(cancellationToken);
        VirtualGateway[] items = [.. rows.Take(size).Select(r => r.ToGateway())];
        return new Page<VirtualGateway>(items, rows.Count > size ? items[^1].Slug : null);
    }

    private static IQueryable<GatewayRow> Read(McpxDbContext context, OrganizationId organization) =>
        context.Gateways.AsNoTracking().Include(g => g.Members).Where(g => g.OrgId == organization);

    private static async Task<AuditView?> ViewAsync(McpxDbContext context, OrganizationId organization, GatewayId gateway, CancellationToken cancellationToken)
    {
        if (await Read(context, organization).SingleOrDefaultAsync(g => g.Id == gateway, cancellationToken) is not { } row) return null;
        return row.ToGateway().ToAudit(await context.ServersAsync(organization, row.Members.Select(m => m.ServerId), cancellationToken));
    }

    private static async Task<bool> UpdateRowAsync(McpxDbContext context, VirtualGateway gateway, CancellationToken cancellationToken) =>
        await context.Gateways.Where(g => g.OrgId == gateway.Organization && g.Id == gateway.Id).ExecuteUpdateAsync(set => set
            .SetProperty(g => g.Slug, gateway.Slug)
            .SetProperty(g => g.Name, gateway.Name)
            .SetProperty(g => g.Description, gateway.Description)
            .SetProperty(g => g.FailureMode, gateway.FailureMode)
            .SetProperty(g => g.Enabled, gateway.Enabled)
            .SetProperty(g => g.UpdatedAt, gateway.UpdatedAt), cancellationToken) == 1;

    /// <summary>
    /// A member whose server was deleted meanwhile, or is another organisation's, is refused here and not by the foreign
    /// key: the organisation's row is locked, so no server of it can go between this look and the commit.
    /// </summary>
    private static async Task AddMembersAsync(McpxDbContext context, VirtualGateway gateway, CancellationToken cancellationToken)
    {
        ServerId[] wanted = [.. gateway.Members.Select(m => m.Server)];
        int found = await context.Servers.CountAsync(s => s.OrgId == gateway.Organization && wanted.Contains(s.Id), cancellationToken);
        if (found != wanted.Length)
            throw new RefusalException.Conflict("members", "A member's server was deleted meanwhile: load the gateway again.");
        context.GatewayMembers.AddRange(gateway.Members.Select((member, position) => GatewayMemberRow.From(gateway, member, position)));
        await context.SaveChangesAsync(cancellationToken);
    }

    private static async Task RefuseUnseenChangeAsync(McpxDbContext context, VirtualGateway gateway, DateTimeOffset seen, CancellationToken cancellationToken)
    {
        bool unseen = await context.Gateways.AnyAsync(g => g.OrgId == gateway.Organization && g.Id == gateway.Id && g.UpdatedAt != seen, cancellationToken);
        if (unseen) throw new RefusalException.Conflict("ifUpdatedAt", "The gateway was changed meanwhile: load it again.");
    }

    private static async Task<bool> RefuseTakenSlugAsync(VirtualGateway gateway, Func<Task<bool>> write)
    {
        try
        {
            return await write();
        }
        catch (Exception e) when (ConstraintViolation.IsUnique(e, SlugKey))
        {
            throw new RefusalException.Conflict("slug", $"The slug “{gateway.Slug}” is taken by another gateway.");
        }
    }
}
