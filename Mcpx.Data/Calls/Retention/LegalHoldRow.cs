using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Calls.Retention;

/// <summary>What it names may be gone: the calls are still there, and held.</summary>
internal sealed class LegalHoldRow
{
    public required LegalHoldId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    public ServerId? ServerId { get; init; }

    public UserId? UserId { get; init; }

    public ServiceAccountId? ServiceAccountId { get; init; }

    public string? Tool { get; init; }

    public DateTimeOffset? FromTime { get; init; }

    public DateTimeOffset? ToTime { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static LegalHoldRow From(OrganizationId organization, LegalHold hold) => new()
    {
        Id = hold.Id,
        OrgId = organization,
        Name = hold.Name,
        ServerId = hold.Server,
        UserId = hold.User,
        ServiceAccountId = hold.ServiceAccount,
        Tool = hold.Tool,
        FromTime = hold.From,
        ToTime = hold.To,
        CreatedAt = hold.CreatedAt,
    };

    public LegalHold ToHold() => new(Id, Name, ServerId, UserId, ServiceAccountId, Tool, FromTime, ToTime, CreatedAt);
}

internal sealed class LegalHoldConfiguration : IEntityTypeConfiguration<LegalHoldRow>
{
    public void Configure(EntityTypeBuilder<LegalHoldRow> builder)
    {
        builder.ToTable("legal_holds").HasKey(h => h.Id);
        builder.HasIndex(h => h.OrgId);
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(h => h.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
