using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Governance;

/// <summary>How a server's definitions are watched; a server without a row is watched as <see cref="PinSettings.Default"/> says.</summary>
internal sealed class ServerPinRow
{
    public required ServerId ServerId { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required PinMode Mode { get; set; }

    public required bool ReviewFirst { get; set; }

    public DateTimeOffset? BaselineAt { get; set; }

    /// <summary>Grows with every change of the server's pins, so that replicas read only what is new.</summary>
    public required long Version { get; set; }

    public PinSettings ToSettings() => new(Mode, ReviewFirst, BaselineAt);
}

internal sealed class ServerPinConfiguration : IEntityTypeConfiguration<ServerPinRow>
{
    public void Configure(EntityTypeBuilder<ServerPinRow> builder)
    {
        builder.ToTable("server_pins").HasKey(p => p.ServerId);
        builder.Property(p => p.Mode).HasConversion<short>();
        builder.HasOne<ServerRow>().WithOne()
            .HasForeignKey<ServerPinRow>(p => new { p.OrgId, p.ServerId })
            .HasPrincipalKey<ServerRow>(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ToolPinRow
{
    public required ServerId ServerId { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    public byte[]? ApprovedHash { get; set; }

    /// <summary>As exact bytes: jsonb would rewrite them.</summary>
    public byte[]? ApprovedDefinition { get; set; }

    public DateTimeOffset? ApprovedAt { get; set; }

    /// <summary>Null for what the first reading brought.</summary>
    public string? ApprovedBy { get; set; }

    public required byte[] SeenHash { get; set; }

    /// <summary>Null when it is the approved one.</summary>
    public byte[]? SeenDefinition { get; set; }

    public required DateTimeOffset SeenAt { get; set; }

    public required bool SeenByClient { get; set; }

    public byte[]? RejectedHash { get; set; }

    public required DateTimeOffset FirstSeenAt { get; init; }

    public ToolPin ToPin() => ToPin(ApprovedHash, SeenHash, RejectedHash, SeenByClient);

    public static ToolPin ToPin(byte[]? approved, byte[] seen, byte[]? rejected, bool seenByClient) =>
        new(approved is null ? null : new DefinitionHash(approved), new DefinitionHash(seen), rejected is null ? null : new DefinitionHash(rejected), seenByClient);

    public StoredPin ToStored() => new(Name, ToPin(), ApprovedDefinition is null ? null : (ReadOnlyMemory<byte>?)ApprovedDefinition.AsMemory(),
        SeenDefinition ?? ApprovedDefinition ?? [], FirstSeenAt, SeenAt, ApprovedAt, ApprovedBy);

    /// <summary>What is seen now is what may be seen.</summary>
    public void Approve(DateTimeOffset now, string? by)
    {
        (ApprovedHash, ApprovedDefinition, SeenDefinition) = (SeenHash, SeenDefinition ?? ApprovedDefinition, null);
        (ApprovedAt, ApprovedBy, RejectedHash, SeenByClient) = (now, by, null, false);
    }
}

internal sealed class ToolPinConfiguration : IEntityTypeConfiguration<ToolPinRow>
{
    public void Configure(EntityTypeBuilder<ToolPinRow> builder)
    {
        builder.ToTable("tool_pins").HasKey(p => new { p.ServerId, p.Name });
        builder.Property(p => p.Name).UseCollation("C");
        builder.HasIndex(p => new { p.OrgId, p.ServerId });
        builder.HasOne<ServerPinRow>().WithMany().HasForeignKey(p => p.ServerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<ServerRow>().WithMany()
            .HasForeignKey(p => new { p.OrgId, p.ServerId })
            .HasPrincipalKey(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
