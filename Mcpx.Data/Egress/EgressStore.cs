using Mcpx.Core.Audit;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Egress;

internal sealed class EgressStore(ScopedContexts contexts, ChangeWriter changes) : IEgressStore
{
    public async Task<HostRules?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, cancellationToken);
    }

    public Task<bool> ReplaceAsync(OrganizationId organization, HostRules rules, AdminChange change, CancellationToken cancellationToken)
    {
        List<string> hosts = [.. rules.Patterns];
        return changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            string name = await context.OrganizationAsync(organization, cancellationToken);
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.EgressHosts, hosts), cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), rules.ToAudit(name)));
        }, cancellationToken);
    }

    private static async Task<HostRules?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        await context.Organizations.Where(o => o.Id == organization).Select(o => o.EgressHosts).SingleOrDefaultAsync(cancellationToken) is { } hosts ? HostRules.Of(hosts) : null;
}
