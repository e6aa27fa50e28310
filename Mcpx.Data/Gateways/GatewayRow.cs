using System.Text.Json;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Data.Identity;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Gateways;

internal sealed class GatewayRow
{
    public required GatewayId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required FailureMode FailureMode { get; init; }

    public required bool Enabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public List<GatewayMemberRow> Members { get; init; } = [];

    public static GatewayRow From(VirtualGateway gateway) => new()
    {
        Id = gateway.Id,
        OrgId = gateway.Organization,
        Slug = gateway.Slug,
        Name = gateway.Name,
        Description = gateway.Description,
        FailureMode = gateway.FailureMode,
        Enabled = gateway.Enabled,
        CreatedAt = gateway.CreatedAt,
        UpdatedAt = gateway.UpdatedAt,
    };

    public VirtualGateway ToGateway() => new(Id, OrgId, Slug, Name, Description, FailureMode, Enabled,
        [.. Members.OrderBy(m => m.Position).Select(m => m.ToMember())], CreatedAt, UpdatedAt);
}

internal sealed class GatewayConfiguration : IEntityTypeConfiguration<GatewayRow>
{
    public void Configure(EntityTypeBuilder<GatewayRow> builder)
    {
        builder.ToTable("gateways").HasKey(g => g.Id);
        builder.HasAlternateKey(g => new { g.OrgId, g.Id });
        builder.Property(g => g.Slug).UseCollation("C");
        builder.HasIndex(g => new { g.OrgId, g.Slug }).IsUnique();
        builder.Property(g => g.FailureMode).HasConversion<short>();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(g => g.OrgId).OnDelete(DeleteBehavior.Cascade);
        builder.HasMany(g => g.Members).WithOne()
            .HasForeignKey(m => new { m.OrgId, m.GatewayId })
            .HasPrincipalKey(g => new { g.OrgId, g.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class GatewayMemberRow
{
    public required GatewayId GatewayId { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required ServerId ServerId { get; init; }

    /// <summary>The member's place in the list as its author wrote it.</summary>
    public required int Position { get; init; }

    /// <summary>The member's own; empty for none, and where it takes the server's.</summary>
    public required string Prefix { get; init; }

    /// <summary>A column of its own and no null in the other: a replica of the previous release reads that as a text.</summary>
    public bool InheritsPrefix { get; init; }

    /// <summary>Null shows all tools.</summary>
    public List<string>? Tools { get; init; }

    /// <summary>As a JSON array: they are read and written with their member, never on their own.</summary>
    public required string Overrides { get; init; }

    public static GatewayMemberRow From(VirtualGateway gateway, GatewayMember member, int position) => new()
    {
        GatewayId = gateway.Id,
        OrgId = gateway.Organization,
        ServerId = member.Server,
        Position = position,
        Prefix = member.Prefix ?? "",
        InheritsPrefix = member.Prefix is null,
        Tools = member.Tools is null ? null : [.. member.Tools],
        Overrides = JsonSerializer.Serialize(member.Overrides),
    };

    public GatewayMember ToMember() => new(ServerId, InheritsPrefix ? null : Prefix, Tools, JsonSerializer.Deserialize<ToolOverride[]>(Overrides)!);
}

internal sealed class GatewayMemberConfiguration : IEntityTypeConfiguration<GatewayMemberRow>
{
    public void Configure(EntityTypeBuilder<GatewayMemberRow> builder)
    {
        builder.ToTable("gateway_members").HasKey(m => new { m.GatewayId, m.ServerId });
        builder.Property(m => m.Overrides).HasColumnType("jsonb");
        // Rows of before said what they meant: an empty prefix was none.
        builder.Property(m => m.InheritsPrefix).HasDefaultValue(false);
        builder.HasOne<ServerRow>().WithMany()
            .HasForeignKey(m => new { m.OrgId, m.ServerId })
            .HasPrincipalKey(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
