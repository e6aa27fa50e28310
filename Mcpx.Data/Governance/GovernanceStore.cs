using Mcpx.Core.Audit;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Governance;

internal sealed class GovernanceStore(ScopedContexts contexts, ChangeWriter changes) : IGovernanceStore
{
    public async Task<ServerGovernance?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return (await ReadAsync(context, organization, server, cancellationToken))?.Governance;
    }

    private static async Task<(string Name, ServerGovernance Governance)?> ReadAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        // One query, so that mode and rules are of the same instant.
        var found = await context.Servers.Where(s => s.OrgId == organization && s.Id == server)
            .Select(s => new
            {
                s.Name,
                s.GovernanceMode,
                s.GovernanceEnforced,
                Rules = context.ToolRules.Where(r => r.OrgId == s.OrgId && r.ServerId == s.Id).OrderBy(r => r.Position).ToList(),
            })
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : (found.Name, new ServerGovernance(server, found.GovernanceMode, [.. found.Rules.Select(r => r.ToRule())]) { Enforce = found.GovernanceEnforced });
    }

    private static async Task<AuditView?> ViewAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        await ReadAsync(context, organization, server, cancellationToken) is { } found
            ? found.Governance.ToAudit(found.Name, await context.AudiencesAsync(organization, [.. found.Governance.Rules.Select(r => r.For)], cancellationToken))
            : null;

    public Task<bool> ReplaceAsync(OrganizationId organization, ServerGovernance governance, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            AuditView? before = await ViewAsync(context, organization, governance.Server, cancellationToken);
            int found = await context.Servers.Where(s => s.OrgId == organization && s.Id == governance.Server)
                .ExecuteUpdateAsync(set => set
                    .SetProperty(s => s.GovernanceMode, governance.Mode)
                    .SetProperty(s => s.GovernanceEnforced, governance.Enforce), cancellationToken);
            if (found == 0) return null;
            await context.ToolRules.Where(r => r.OrgId == organization && r.ServerId == governance.Server).ExecuteDeleteAsync(cancellationToken);
            context.ToolRules.AddRange(governance.Rules.Select((rule, position) => ToolRuleRow.From(organization, governance.Server, rule, position)));
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before, await ViewAsync(context, organization, governance.Server, cancellationToken)));
        }, cancellationToken);

    public async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(
        OrganizationId organization, IReadOnlyCollection<RuleAudience> audiences, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.AudiencesAsync(organization, audiences, cancellationToken);
    }

    public async Task<GovernanceSettings> FindSettingsAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadSettingsAsync(context, organization, cancellationToken);
    }

    public Task<bool> SaveSettingsAsync(OrganizationId organization, GovernanceSettings settings, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            string name = await context.OrganizationAsync(organization, cancellationToken);
            GovernanceSettings before = await ReadSettingsAsync(context, organization, cancellationToken);
            int found = await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set
                .SetProperty(o => o.NewServersClosed, settings.NewServersClosed)
                .SetProperty(o => o.ExplainRefusals, settings.ExplainRefusals), cancellationToken);
            return found == 1 ? Written.As(change.Between(before.ToAudit(name), settings.ToAudit(name))) : null;
        }, cancellationToken);

    private static async Task<GovernanceSettings> ReadSettingsAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        await context.Organizations.Where(o => o.Id == organization)
            .Select(o => new GovernanceSettings(o.NewServersClosed, o.ExplainRefusals)).SingleOrDefaultAsync(cancellationToken) ?? GovernanceSettings.Default;
}
