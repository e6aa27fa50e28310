using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Governance;

internal sealed class GovernanceStore(IDbContextFactory<McpxDbContext> contexts, ChangeWriter changes) : IGovernanceStore
{
    public async Task<ServerGovernance?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.CreateDbContextAsync(cancellationToken);
        // One query, so that mode and rules are of the same instant.
        var found = await context.Servers.Where(s => s.OrgId == organization && s.Id == server)
            .Select(s => new
            {
                s.GovernanceMode,
                Rules = context.ToolRules.Where(r => r.OrgId == s.OrgId && r.ServerId == s.Id)
                    .OrderBy(r => r.Position).Select(r => new ToolRule(r.Id, r.Pattern)).ToList(),
            })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : new ServerGovernance(server, found.GovernanceMode, found.Rules);
    }

    public Task<bool> ReplaceAsync(OrganizationId organization, ServerGovernance governance, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            int found = await context.Servers.Where(s => s.OrgId == organization && s.Id == governance.Server)
                .ExecuteUpdateAsync(set => set.SetProperty(s => s.GovernanceMode, governance.Mode), cancellationToken);
            if (found == 0) return false;
            await context.ToolRules.Where(r => r.OrgId == organization && r.ServerId == governance.Server).ExecuteDeleteAsync(cancellationToken);
            context.ToolRules.AddRange(governance.Rules.Select((rule, position) => new ToolRuleRow
            {
                Id = rule.Id,
                OrgId = organization,
                ServerId = governance.Server,
                Pattern = rule.Pattern,
                Position = position,
            }));
            await context.SaveChangesAsync(cancellationToken);
            return true;
        }, cancellationToken);
}
