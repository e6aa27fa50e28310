using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Governance;

internal sealed class ToolRuleRow
{
    public required ToolRuleId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required ServerId ServerId { get; init; }

    public required string Pattern { get; init; }

    /// <summary>The rule's place in the list as its author wrote it.</summary>
    public required int Position { get; init; }

    public AudienceKind Audience { get; init; }

    public Role? AudienceRole { get; init; }

    /// <summary>No foreign key: who is gone leaves a rule for nobody, which people see, and never one for everyone.</summary>
    public Guid? AudienceId { get; init; }

    /// <summary>See <see cref="ConditionJson"/>; null for none.</summary>
    public string? Conditions { get; init; }

    public bool LogOnly { get; init; }

    public static ToolRuleRow From(OrganizationId organization, ServerId server, ToolRule rule, int position) => new()
    {
        Id = rule.Id,
        OrgId = organization,
        ServerId = server,
        Pattern = rule.Pattern,
        Position = position,
        Audience = rule.For.Kind,
        AudienceRole = rule.For.Role,
        AudienceId = rule.For.Id,
        Conditions = ConditionJson.Write(rule.Conditions),
        LogOnly = rule.LogOnly,
    };

    public ToolRule ToRule()
    {
        IReadOnlyList<ArgumentCondition>? conditions = ConditionJson.TryRead(Conditions);
        return new ToolRule(Id, Pattern)
        {
            For = new RuleAudience(Audience, AudienceRole, AudienceId),
            Conditions = conditions ?? [],
            LogOnly = LogOnly,
            IsReadable = conditions is not null,
        };
    }
}

internal sealed class ToolRuleConfiguration : IEntityTypeConfiguration<ToolRuleRow>
{
    public void Configure(EntityTypeBuilder<ToolRuleRow> builder)
    {
        builder.ToTable("tool_rules").HasKey(r => r.Id);
        builder.Property(r => r.Audience).HasConversion<short>();
        builder.Property(r => r.AudienceRole).HasConversion<short?>();
        builder.Property(r => r.Conditions).HasColumnType("jsonb");
        builder.HasIndex(r => new { r.OrgId, r.ServerId, r.Position });
        builder.HasOne<ServerRow>().WithMany()
            .HasForeignKey(r => new { r.OrgId, r.ServerId })
            .HasPrincipalKey(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
