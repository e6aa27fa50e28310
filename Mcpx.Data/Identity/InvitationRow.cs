using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

internal sealed class InvitationRow
{
    public required InvitationId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    /// <summary>Lower case. Only who has it verified can accept.</summary>
    public required string Email { get; init; }

    public required Role Role { get; init; }

    /// <summary>SHA-256 of the link's secret code.</summary>
    public required byte[] Hash { get; init; }

    public UserId? InvitedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When a mail with the link last left; null when the link is handed over by people.</summary>
    public DateTimeOffset? SentAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public DateTimeOffset? AcceptedAt { get; init; }

    public UserId? AcceptedBy { get; init; }
}

internal sealed class InvitationConfiguration : IEntityTypeConfiguration<InvitationRow>
{
    public void Configure(EntityTypeBuilder<InvitationRow> builder)
    {
        builder.ToTable("invitations").HasKey(i => i.Id);
        builder.HasAlternateKey(i => new { i.OrgId, i.Id });
        builder.Property(i => i.Role).HasConversion<short>();
        builder.HasIndex(i => i.Hash).IsUnique();
        // One open invitation an address: inviting again renews it.
        builder.HasIndex(i => new { i.OrgId, i.Email }).IsUnique().HasFilter("accepted_at IS NULL AND revoked_at IS NULL");
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(i => i.OrgId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<UserRow>().WithMany().HasForeignKey(i => i.InvitedBy).OnDelete(DeleteBehavior.SetNull);
        builder.HasOne<UserRow>().WithMany().HasForeignKey(i => i.AcceptedBy).OnDelete(DeleteBehavior.SetNull);
    }
}
