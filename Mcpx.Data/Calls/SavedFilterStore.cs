using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Calls;

internal sealed class SavedFilterRow : INamedRow
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
        SavedFilterRow row = new()
        {
            Id = filter.Id, OrgId = organization, Name = filter.Name, Query = filter.Query, MadeBy = filter.MadeBy, MadeByName = filter.MadeByName, CreatedAt = filter.CreatedAt,
        };
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        return await context.AddNamedAsync(organization, "saved filter", filter.Name, most, () => Task.FromResult(row), r => change.Between(null, r.ToFilter().ToAudit()), cancellationToken) is not null;
    }

    public async Task<bool> DeleteAsync(OrganizationId organization, SavedFilterId filter, Guid? madeBy, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        IQueryable<SavedFilterRow> one = context.SavedFilters.Where(f => f.OrgId == organization && f.Id == filter);
        if (madeBy is { } maker) one = one.Where(f => f.MadeBy == maker);
        return await context.DeleteNamedAsync(one, r => change.Between(r.ToFilter().ToAudit(), null), cancellationToken);
    }
}
