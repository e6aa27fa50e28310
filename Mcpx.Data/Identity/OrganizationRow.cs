using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

internal sealed class OrganizationRow
{
    public required OrganizationId Id { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; init; }

    /// <summary>Rises with each change of what replicas keep in memory about the organisation.</summary>
    public long ConfigVersion { get; init; }
}

internal sealed class OrganizationConfiguration : IEntityTypeConfiguration<OrganizationRow>
{
    public void Configure(EntityTypeBuilder<OrganizationRow> builder)
    {
        builder.ToTable("organizations").HasKey(o => o.Id);
        builder.Property(o => o.Slug).UseCollation("C");
        builder.HasIndex(o => o.Slug).IsUnique();
    }
}

internal sealed class UserRow
{
    public required UserId Id { get; init; }

    public required string Name { get; init; }

    public string? Email { get; init; }

    public User ToUser() => new(Id, Name, Email);
}

internal sealed class UserConfiguration : IEntityTypeConfiguration<UserRow>
{
    public void Configure(EntityTypeBuilder<UserRow> builder) => builder.ToTable("users").HasKey(u => u.Id);
}

internal sealed class MemberRow
{
    public required OrganizationId OrgId { get; init; }

    public required UserId UserId { get; init; }

    public required Role Role { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }

    public OrganizationRow? Organization { get; init; }

    public UserRow? User { get; init; }
}

internal sealed class MemberConfiguration : IEntityTypeConfiguration<MemberRow>
{
    public void Configure(EntityTypeBuilder<MemberRow> builder)
    {
        builder.ToTable("members").HasKey(m => new { m.OrgId, m.UserId });
        builder.Property(m => m.Role).HasConversion<short>();
        builder.HasOne(m => m.Organization).WithMany().HasForeignKey(m => m.OrgId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne(m => m.User).WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
