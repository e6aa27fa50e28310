using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Governance;

internal sealed class CallLimitRow
{
    public required CallLimitId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    /// <summary>Null for all servers.</summary>
    public ServerId? ServerId { get; init; }

    /// <summary>Null for all tools.</summary>
    public string? Pattern { get; init; }

    public AudienceKind Audience { get; init; }

    public Role? AudienceRole { get; init; }

    public Guid? AudienceId { get; init; }

    public bool EachCaller { get; init; }

    public int? PerMinute { get; init; }

    public int? AtOnce { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static CallLimitRow From(OrganizationId organization, CallLimit limit) => new()
    {
        Id = limit.Id,
        OrgId = organization,
        ServerId = limit.Server,
        Pattern = limit.Tool,
        Audience = limit.For.Kind,
        AudienceRole = limit.For.Role,
        AudienceId = limit.For.Id,
        EachCaller = limit.EachCaller,
        PerMinute = limit.PerMinute,
        AtOnce = limit.AtOnce,
        CreatedAt = limit.CreatedAt,
    };

    public CallLimit ToLimit() => new(Id, ServerId, Pattern, new RuleAudience(Audience, AudienceRole, AudienceId), EachCaller, PerMinute, AtOnce, CreatedAt);
}

internal sealed class CallLimitConfiguration : IEntityTypeConfiguration<CallLimitRow>
{
    public void Configure(EntityTypeBuilder<CallLimitRow> builder)
    {
        builder.ToTable("call_limits").HasKey(l => l.Id);
        builder.Property(l => l.Audience).HasConversion<short>();
        builder.Property(l => l.AudienceRole).HasConversion<short?>();
        builder.HasIndex(l => new { l.OrgId, l.ServerId });
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(l => l.OrgId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<ServerRow>().WithMany()
            .HasForeignKey(l => new { l.OrgId, l.ServerId })
            .HasPrincipalKey(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
