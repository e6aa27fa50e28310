using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

/// <summary>A person at an identity provider. Never found by e-mail: addresses change hands.</summary>
internal sealed class ExternalLoginRow
{
    /// <summary>Who vouches, e.g. <c>https://accounts.google.com</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>Whom, in that issuer's own words.</summary>
    public required string Subject { get; init; }

    public required UserId UserId { get; init; }

    /// <summary>Under which name it is configured here, e.g. <c>google</c>.</summary>
    public required string Provider { get; init; }

    public string? Email { get; init; }

    /// <summary>The provider says that the address is verified, and can be trusted for it.</summary>
    public required bool EmailTrusted { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset LinkedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }
}

internal sealed class ExternalLoginConfiguration : IEntityTypeConfiguration<ExternalLoginRow>
{
    public void Configure(EntityTypeBuilder<ExternalLoginRow> builder)
    {
        builder.ToTable("external_logins").HasKey(l => new { l.Issuer, l.Subject });
        builder.Property(l => l.Issuer).UseCollation("C");
        builder.Property(l => l.Subject).UseCollation("C");
        builder.HasIndex(l => l.UserId);
        builder.HasIndex(l => l.Email).HasFilter("email_trusted");
        builder.HasOne<UserRow>().WithMany().HasForeignKey(l => l.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>A provider's group that makes its people members of an organisation.</summary>
internal sealed class GroupRoleRow
{
    public required OrganizationId OrgId { get; init; }

    public required string Issuer { get; init; }

    /// <summary>As the provider's group claim spells it.</summary>
    public required string GroupName { get; init; }

    public required Core.Identity.Role Role { get; init; }
}

internal sealed class GroupRoleConfiguration : IEntityTypeConfiguration<GroupRoleRow>
{
    public void Configure(EntityTypeBuilder<GroupRoleRow> builder)
    {
        builder.ToTable("group_roles").HasKey(g => new { g.OrgId, g.Issuer, g.GroupName });
        builder.Property(g => g.Role).HasConversion<short>();
        builder.HasIndex(g => g.Issuer);
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(g => g.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
