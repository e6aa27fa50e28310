using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Mcpx.Data.Calls.Retention;

/// <summary>Each change locks the organisation's row, as each removal does: after a hold is saved, nothing that it covers goes.</summary>
internal sealed class RetentionStore(ScopedContexts contexts, ChangeWriter changes) : IRetentionStore
{
    private const int BatchSize = 2000;
    private const int PatienceSeconds = 600;

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
            // What it alone held lies behind the end of what retention has closed.
            await context.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.HoldReleasedAt, change.Time), cancellationToken);
            return Written.As(change.Between(held.ToHold().ToAudit(), null));
        }, cancellationToken);

    public async Task<IReadOnlyList<RetentionDuty>> ListDutiesAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        List<RetentionDuty> duties = await context.Organizations.OrderBy(o => o.Id)
            .Select(o => new RetentionDuty(o.Id, new RetentionSettings(o.PayloadDays, o.RecordDays), o.HoldReleasedAt)).ToListAsync(cancellationToken);
        return [.. duties, new RetentionDuty(OrganizationId.None, RetentionSettings.Default, HoldReleasedAt: null)];
    }

    public async Task RemoveReleasedAsync(RetentionDuty duty, CancellationToken cancellationToken)
    {
        long? after = 0;
        while (after is not null)
            after = await CallAsync<long?>("SELECT retention_sweep_released($1, $2, $3)", cancellationToken, duty.Organization.Value, after, BatchSize);
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(duty.Organization), cancellationToken);
        // Not where another was released meanwhile.
        await context.Organizations.Where(o => o.Id == duty.Organization && o.HoldReleasedAt == duty.HoldReleasedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(o => o.HoldReleasedAt, (DateTimeOffset?)null), cancellationToken);
    }

    public async Task<long> RemoveUnlinkedAsync(OrganizationId organization, DateTimeOffset recordsBefore, DateTimeOffset payloadsBefore, CancellationToken cancellationToken)
    {
        long removed = 0;
        int batch;
        do
        {
            batch = await CallAsync<int>("SELECT retention_delete_unlinked($1, $2, $3, $4)", cancellationToken, organization.Value, recordsBefore.UtcDateTime, payloadsBefore.UtcDateTime, BatchSize);
            removed += batch;
        }
        while (batch > 0);
        return removed;
    }

    public async Task DropEmptyDaysAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync<int>("SELECT calls_drop_empty_partitions($1)", cancellationToken, before.UtcDateTime);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Somebody reads or writes calls just now. An empty partition costs little, and the next turn is within the hour.
        }
    }

    /// <summary>A function of the owner: nobody who serves deletes a call otherwise.</summary>
    private async Task<T?> CallAsync<T>(string sql, CancellationToken cancellationToken, params object?[] values)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = PatienceSeconds };
        foreach (object? value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteScalarAsync(cancellationToken) is T result ? result : default;
    }

    private static Task<RetentionSettings?> ReadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        context.Organizations.Where(o => o.Id == organization).Select(o => new RetentionSettings(o.PayloadDays, o.RecordDays)).SingleOrDefaultAsync(cancellationToken);
}
