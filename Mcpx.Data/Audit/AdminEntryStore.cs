using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Audit;

internal sealed class AdminEntryStore(ScopedContexts contexts) : IAdminEntryStore
{
    public Task<Page<AdminEntry>> ListAsync(OrganizationId? organization, AdminEntryFilter filter, CancellationToken cancellationToken) =>
        organization is { } of ? ListAsync(DataScope.Of(of), of, filter, cancellationToken) : ListInstallationAsync(filter, cancellationToken);

    public async Task AddAsync(AdminEntry entry, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await Written.As(entry).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task NoteAsync(AdminChange change, AuditView what, CancellationToken cancellationToken)
    {
        OrganizationId organization = change.Organization ?? throw new ArgumentException("It belongs to an organisation.", nameof(change));
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await Written.As(change.Between(null, what)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<bool> AddFirstAsync(AdminEntry entry, int most, CancellationToken cancellationToken)
    {
        OrganizationId organization = entry.Organization ?? throw new ArgumentException("It belongs to an organisation.", nameof(entry));
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Two replicas may see the credential at once; collisions of the key only make strangers wait for each other.
        await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({$"mcpx/new-address/{entry.Subject.Id}"}, 0))", cancellationToken);
        IQueryable<AdminEntryRow> noted = context.AdminEntries.Where(e => e.OrgId == organization && e.SubjectId == entry.Subject.Id && e.Action == entry.Action);
        if (await noted.AnyAsync(e => e.Address == entry.Origin.Address, cancellationToken) || await noted.CountAsync(cancellationToken) >= most) return false;
        await Written.As(entry).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private Task<Page<AdminEntry>> ListInstallationAsync(AdminEntryFilter filter, CancellationToken cancellationToken) =>
        ListAsync(DataScope.Everything, null, filter, cancellationToken);

    private async Task<Page<AdminEntry>> ListAsync(DataScope scope, OrganizationId? organization, AdminEntryFilter filter, CancellationToken cancellationToken)
    {
        string? action = PostgresText.Clean(filter.Action);
        // The dot ends the kind: “server” must not find “server-something”. An action has no characters that a pattern knows.
        string? group = action is null || action.Contains('.') ? null : action + ".%";
        DateTimeOffset? from = filter.From?.ToUniversalTime(), to = filter.To?.ToUniversalTime();
        await using McpxDbContext context = await contexts.OpenAsync(scope, cancellationToken);
        IQueryable<AdminEntryRow> rows = BeforeCursor(context, filter.Cursor).AsNoTracking().Where(e => e.OrgId == organization);
        if (group is not null) rows = rows.Where(e => EF.Functions.Like(e.Action, group));
        else if (action is not null) rows = rows.Where(e => e.Action == action);
        if (filter.Actor is { } actor) rows = rows.Where(e => e.ActorId == actor);
        if (filter.Subject is { } subject) rows = rows.Where(e => e.SubjectId == subject);
        if (from is not null) rows = rows.Where(e => e.Time >= from);
        if (to is not null) rows = rows.Where(e => e.Time < to);
        List<AdminEntryRow> found = await rows.OrderByDescending(e => e.Time).ThenByDescending(e => e.Id).Take(filter.Size + 1).ToListAsync(cancellationToken);
        AdminEntry[] items = [.. found.Take(filter.Size).Select(r => r.ToEntry())];
        return new Page<AdminEntry>(items, found.Count > filter.Size ? new TimeCursor(items[^1].Time, items[^1].Id.Value).ToString() : null);
    }

    /// <summary>The comparison of ids is the database's: a typed id has none.</summary>
    private static IQueryable<AdminEntryRow> BeforeCursor(McpxDbContext context, string? cursor)
    {
        if (cursor is null) return context.AdminEntries;
        (DateTimeOffset time, Guid id) = TimeCursor.Parse(cursor);
        return context.AdminEntries.FromSql($"SELECT * FROM admin_entries WHERE (time, id) < ({time}, {id})");
    }
}
