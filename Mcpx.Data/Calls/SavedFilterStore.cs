using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Calls;

internal sealed class SavedFilterRow
{
    public required SavedFilterId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    public required string Query { get; init; }

    /// <summary>A person or a service account, who may be gone.</summary>
    public required Guid MadeBy { get; init; }

    public required string MadeByName { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public SavedFilter ToFilter() => new(Id, Name, Query, MadeBy, MadeByName, CreatedAt);
}

internal sealed class SavedFilterConfiguration : IEntityTypeConfiguration<SavedFilterRow>
{
    public void Configure(EntityTypeBuilder<SavedFilterRow> builder)
    {
        builder.ToTable("saved_filters").HasKey(f => f.Id);
        builder.HasIndex(f => new { f.OrgId, f.Name }).IsUnique();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(f => f.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class SavedFilterStore(ScopedContexts contexts) : ISavedFilterStore
{
    public async Task<IReadOnlyList<SavedFilter>> ListAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        List<SavedFilterRow> rows = await context.SavedFilters.AsNoTracking().Where(f => f.OrgId == organization).OrderBy(f => f.Name).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToFilter())];
    }

    public async Task<bool> AddAsync(OrganizationId organization, SavedFilter filter, int most, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // One after the other, so that what is counted is what there is.
        await OrganizationLock.TakeAsync(context, organization, cancellationToken);
        IQueryable<SavedFilterRow> all = context.SavedFilters.Where(f => f.OrgId == organization);
        if (await all.AnyAsync(f => f.Name == filter.Name, cancellationToken)) throw new RefusalException.Conflict("name", "There is a saved filter of this name already.");
        if (await all.CountAsync(cancellationToken) >= most) return false;
        context.SavedFilters.Add(new SavedFilterRow
        {
            Id = filter.Id,
            OrgId = organization,
            Name = filter.Name,
            Query = filter.Query,
            MadeBy = filter.MadeBy,
            MadeByName = filter.MadeByName,
            CreatedAt = filter.CreatedAt,
        });
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.Between(null, filter.ToAudit())).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<bool> DeleteAsync(OrganizationId organization, SavedFilterId filter, Guid? madeBy, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        IQueryable<SavedFilterRow> one = context.SavedFilters.Where(f => f.OrgId == organization && f.Id == filter);
        SavedFilterRow? row = await one.AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (row is null || madeBy is { } maker && row.MadeBy != maker) return false;
        // Of two who delete it at once, one did.
        if (await one.ExecuteDeleteAsync(cancellationToken) == 0) return false;
        await Written.As(change.Between(row.ToFilter().ToAudit(), null)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
