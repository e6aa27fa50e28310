using Mcpx.Core.Audit;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Governance;

internal sealed class PolicyEngineStore(ScopedContexts contexts, ChangeWriter changes) : IPolicyEngineStore
{
    public async Task<PolicyEngine?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, cancellationToken);
    }

    public Task<bool> SaveAsync(PolicyEngine engine, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(engine.Organization, async context =>
        {
            string name = await context.OrganizationAsync(engine.Organization, cancellationToken);
            PolicyEngine? before = await ReadAsync(context, engine.Organization, cancellationToken);
            await context.PolicyEngines.Where(e => e.OrgId == engine.Organization).ExecuteDeleteAsync(cancellationToken);
            context.PolicyEngines.Add(PolicyEngineRow.From(engine));
            await context.SaveChangesAsync(cancellationToken);
            // A token that stays is the same ciphertext.
            bool entered = before?.Token is { } old && engine.Token is { } present && !old.AsSpan().SequenceEqual(present);
            return Written.As(change.Between(before?.ToAudit(name), engine.ToAudit(name, entered)));
        }, cancellationToken);

    public Task<bool> DeleteAsync(OrganizationId organization, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            await context.PolicyEngines.Where(e => e.OrgId == organization).ExecuteDeleteAsync(cancellationToken);
            return Written.As(change.Between(before.ToAudit(await context.OrganizationAsync(organization, cancellationToken)), null));
        }, cancellationToken);

    private static async Task<PolicyEngine?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        (await context.PolicyEngines.AsNoTracking().SingleOrDefaultAsync(e => e.OrgId == organization, cancellationToken))?.ToEngine();
}
