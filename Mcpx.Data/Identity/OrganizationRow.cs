using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Egress;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
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

    /// <summary>See <see cref="GovernanceSettings"/>.</summary>
    public bool NewServersClosed { get; init; }

    public bool ExplainRefusals { get; init; } = true;

    /// <summary>Null for organisations of before this was kept.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>See <see cref="HostRules"/>; empty for no list.</summary>
    public List<string> EgressHosts { get; init; } = [];

    public RecordingMode Recording { get; init; }

    /// <summary>See <see cref="RetentionSettings"/>.</summary>
    public int PayloadDays { get; init; } = RetentionSettings.Default.PayloadDays;

    public int RecordDays { get; init; } = RetentionSettings.Default.RecordDays;

    /// <summary>See <see cref="MetricRetention"/>.</summary>
    public int MetricEventDays { get; init; } = MetricRetention.Default.EventDays;

    public int MetricMinuteDays { get; init; } = MetricRetention.Default.MinuteDays;

    public int MetricHourDays { get; init; } = MetricRetention.Default.HourDays;

    public int MetricDayDays { get; init; } = MetricRetention.Default.DayDays;

    /// <summary>What the hold alone kept is still to be removed; null when that was done.</summary>
    public DateTimeOffset? HoldReleasedAt { get; init; }
}

internal sealed class OrganizationConfiguration : IEntityTypeConfiguration<OrganizationRow>
{
    public void Configure(EntityTypeBuilder<OrganizationRow> builder)
    {
        builder.ToTable("organizations").HasKey(o => o.Id);
        builder.Property(o => o.Slug).UseCollation("C");
        builder.HasIndex(o => o.Slug).IsUnique();
        builder.Property(o => o.Recording).HasConversion<short>();
        builder.Property(o => o.PayloadDays).HasDefaultValue(RetentionSettings.Default.PayloadDays);
        builder.Property(o => o.RecordDays).HasDefaultValue(RetentionSettings.Default.RecordDays);
        builder.Property(o => o.MetricEventDays).HasDefaultValue(MetricRetention.Default.EventDays);
        builder.Property(o => o.MetricMinuteDays).HasDefaultValue(MetricRetention.Default.MinuteDays);
        builder.Property(o => o.MetricHourDays).HasDefaultValue(MetricRetention.Default.HourDays);
        builder.Property(o => o.MetricDayDays).HasDefaultValue(MetricRetention.Default.DayDays);
        builder.Property(o => o.EgressHosts).HasDefaultValueSql("'{}'");
    }
}

internal sealed class UserRow
{
    public required UserId Id { get; init; }

    public required string Name { get; init; }

    public string? Email { get; init; }

    /// <summary>A provider that can be trusted for it says that the address is the person's.</summary>
    public bool EmailVerified { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

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

    /// <summary>The membership came from a provider's groups, and goes with them; see <see cref="GroupRoleRow"/>.</summary>
    public bool FromGroups { get; init; }

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
