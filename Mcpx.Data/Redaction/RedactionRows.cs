using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Data.Identity;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Redaction;

/// <summary>An organisation's rules once somebody saved some.</summary>
internal sealed class RedactionRulesRow
{
    public required OrganizationId OrgId { get; init; }

    /// <summary>As a JSON array: they are read and written as a whole, see <see cref="RuleJson"/>.</summary>
    public required string Rules { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public OrganizationRules ToRules() => new(RuleJson.Read(Rules), UpdatedAt);
}

internal sealed class RedactionRulesConfiguration : IEntityTypeConfiguration<RedactionRulesRow>
{
    public void Configure(EntityTypeBuilder<RedactionRulesRow> builder)
    {
        builder.ToTable("redaction_rules").HasKey(r => r.OrgId);
        builder.Property(r => r.Rules).HasColumnType("jsonb");
        builder.HasOne<OrganizationRow>().WithOne().HasForeignKey<RedactionRulesRow>(r => r.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>A server's own settings; a server without a row has the default.</summary>
internal sealed class ServerRedactionRow
{
    public required ServerId ServerId { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required PayloadMode Payloads { get; init; }

    public required string Rules { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public ServerRedaction ToSettings() => new(ServerId, Payloads, RuleJson.Read(Rules));
}

internal sealed class ServerRedactionConfiguration : IEntityTypeConfiguration<ServerRedactionRow>
{
    public void Configure(EntityTypeBuilder<ServerRedactionRow> builder)
    {
        builder.ToTable("server_redactions").HasKey(r => r.ServerId);
        builder.Property(r => r.Payloads).HasConversion<short>();
        builder.Property(r => r.Rules).HasColumnType("jsonb");
        builder.HasOne<ServerRow>().WithOne().HasForeignKey<ServerRedactionRow>(r => new { r.OrgId, r.ServerId })
            .HasPrincipalKey<ServerRow>(s => new { s.OrgId, s.Id }).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>What an organisation's values are hashed under, sealed by the key ring.</summary>
internal sealed class RedactionKeyRow
{
    public required OrganizationId OrgId { get; init; }

    public required byte[] Key { get; init; }
}

internal sealed class RedactionKeyConfiguration : IEntityTypeConfiguration<RedactionKeyRow>
{
    public void Configure(EntityTypeBuilder<RedactionKeyRow> builder)
    {
        builder.ToTable("redaction_keys").HasKey(k => k.OrgId);
        builder.HasOne<OrganizationRow>().WithOne().HasForeignKey<RedactionKeyRow>(k => k.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}
