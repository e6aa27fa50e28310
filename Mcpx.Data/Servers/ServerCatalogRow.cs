using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Servers;

internal sealed class ServerCatalogRow
{
    public required ServerId ServerId { get; init; }

    public required OrganizationId OrgId { get; init; }

    /// <summary>The lists as exact bytes: jsonb would refuse a NUL and rewrite numbers.</summary>
    public required byte[] Content { get; init; }

    public required DateTimeOffset ReadAt { get; init; }
}

internal sealed class ServerCatalogConfiguration : IEntityTypeConfiguration<ServerCatalogRow>
{
    public void Configure(EntityTypeBuilder<ServerCatalogRow> builder)
    {
        builder.ToTable("server_catalogs").HasKey(c => c.ServerId);
        builder.HasOne<ServerRow>().WithOne()
            .HasForeignKey<ServerCatalogRow>(c => new { c.OrgId, c.ServerId })
            .HasPrincipalKey<ServerRow>(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
