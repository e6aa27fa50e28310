using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Calls.Retention;

/// <summary>Each change locks the organisation's row, as each batch of the sweeper does: after a hold is saved, nothing that it covers goes.</summary>
internal sealed class RetentionStore(ScopedContexts contexts, ChangeWriter changes) : IRetentionStore
{
    public async Task<RetentionSettings?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await ReadAsync(context, organization, cancellationToken);
    }

    public Task<bool> SaveAsync(OrganizationId organization, RetentionSettings settings, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await ReadAsync(context, organization, cancellationToken) is not { } before) return null;
            string name = await context.OrganizationAsync(organization, cancellationToken);
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set
                .SetProperty(o => o.PayloadDays, settings.PayloadDays)
                .SetProperty(o => o.RecordDays, settings.RecordDays), cancellationToken);
            return Written.As(change.Between(before.ToAudit(name), settings.ToAudit(name)));
        }, cancellationToken);

    public async Task<IReadOnlyList<LegalHold>> ListHoldsAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<LegalHoldRow> rows = await context.LegalHolds.AsNoTracking().Where(h => h.OrgId == organization).OrderBy(h => h.CreatedAt).ThenBy(h => h.Id).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToHold())];
    }

    public Task<bool> AddHoldAsync(OrganizationId organization, LegalHold hold, int most, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await context.LegalHolds.CountAsync(h => h.OrgId == organization, cancellationToken) >= most) return null;
            context.LegalHolds.Add(LegalHoldRow.From(organization, hold));
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(null, hold.ToAudit()));
        }, cancellationToken);

    public Task<bool> ReleaseHoldAsync(OrganizationId organization, LegalHoldId hold, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            LegalHoldRow? held = await context.LegalHolds.AsNoTracking().SingleOrDefaultAsync(h => h.OrgId == organization && h.Id == hold, cancellationToken);
            if (held is null) return null;
            await context.LegalHolds.Where(h => h.OrgId == organization && h.Id == hold).ExecuteDeleteAsync(cancellationToken);
            // What it alone held lies before the place up to which was swept.
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.PayloadsSweptTo, (DateTimeOffset?)null), cancellationToken);
            return Written.As(change.Between(held.ToHold().ToAudit(), null));
        }, cancellationToken);

    private static Task<RetentionSettings?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization).Select(o => new RetentionSettings(o.PayloadDays, o.RecordDays)).SingleOrDefaultAsync(cancellationToken);
}
