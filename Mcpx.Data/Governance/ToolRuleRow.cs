using Mcpx.Core.Governance;
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

    public ToolRule ToRule() => new(Id, Pattern);
}

internal sealed class ToolRuleConfiguration : IEntityTypeConfiguration<ToolRuleRow>
{
    public void Configure(EntityTypeBuilder<ToolRuleRow> builder)
    {
        builder.ToTable("tool_rules").HasKey(r => r.Id);
        builder.HasIndex(r => new { r.OrgId, r.ServerId, r.Position });
        builder.HasOne<ServerRow>().WithMany()
            .HasForeignKey(r => new { r.OrgId, r.ServerId })
            .HasPrincipalKey(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
