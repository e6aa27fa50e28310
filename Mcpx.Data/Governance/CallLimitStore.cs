using Mcpx.Core.Audit;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Governance;

internal sealed class CallLimitStore(ScopedContexts contexts, ChangeWriter changes) : ICallLimitStore
{
    public async Task<IReadOnlyList<CallLimit>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<CallLimitRow> rows = await context.CallLimits.AsNoTracking().Where(l => l.OrgId == organization).OrderBy(l => l.CreatedAt).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToLimit())];
    }

    public Task<bool> AddAsync(OrganizationId organization, CallLimit limit, int most, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            await DemandServerAsync(context, organization, limit.Server, cancellationToken);
            if (await context.CallLimits.CountAsync(l => l.OrgId == organization, cancellationToken) >= most) return null;
            context.CallLimits.Add(CallLimitRow.From(organization, limit));
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(null, await ViewAsync(context, organization, limit.Id, cancellationToken)));
        }, cancellationToken);

    public Task<bool> UpdateAsync(OrganizationId organization, CallLimit limit, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            await DemandServerAsync(context, organization, limit.Server, cancellationToken);
            AuditView? before = await ViewAsync(context, organization, limit.Id, cancellationToken);
            int found = await context.CallLimits.Where(l => l.OrgId == organization && l.Id == limit.Id).ExecuteUpdateAsync(set => set
                .SetProperty(l => l.ServerId, limit.Server)
                .SetProperty(l => l.Pattern, limit.Tool)
                .SetProperty(l => l.Audience, limit.For.Kind)
                .SetProperty(l => l.AudienceRole, limit.For.Role)
                .SetProperty(l => l.AudienceId, limit.For.Id)
                .SetProperty(l => l.EachCaller, limit.EachCaller)
                .SetProperty(l => l.PerMinute, limit.PerMinute)
                .SetProperty(l => l.AtOnce, limit.AtOnce), cancellationToken);
            return found == 1 ? Written.As(change.Between(before, await ViewAsync(context, organization, limit.Id, cancellationToken))) : null;
        }, cancellationToken);

    public Task<bool> DeleteAsync(OrganizationId organization, CallLimitId limit, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ViewAsync(context, organization, limit, cancellationToken) is not { } before) return null;
            await context.CallLimits.Where(l => l.OrgId == organization && l.Id == limit).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before, null));
        }, cancellationToken);

    private static async Task<AuditView?> ViewAsync(McpxDbContext context, OrganizationId organization, CallLimitId id, CancellationToken cancellationToken)
    {
        if ((await context.CallLimits.AsNoTracking().SingleOrDefaultAsync(l => l.OrgId == organization && l.Id == id, cancellationToken))?.ToLimit() is not { } limit) return null;
        string? server = limit.Server is { } of ? (await context.ServersAsync(organization, [of], cancellationToken)).GetValueOrDefault(of) : null;
        return limit.ToAudit(server, await context.AudiencesAsync(organization, [limit.For], cancellationToken));
    }

    private static async Task DemandServerAsync(McpxDbContext context, OrganizationId organization, ServerId? server, CancellationToken cancellationToken)
    {
        if (server is { } id && !await context.Servers.AnyAsync(s => s.OrgId == organization && s.Id == id, cancellationToken))
            throw new RefusalException.NotFound("server");
    }
}
