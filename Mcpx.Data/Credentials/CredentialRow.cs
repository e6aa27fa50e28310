using System.Text.Json;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Credentials;

internal sealed class CredentialRow
{
    public required ServerId ServerId { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required CredentialKind Kind { get; init; }

    public string? Header { get; init; }

    /// <summary>The settings of client credentials as a JSON object; null for other kinds.</summary>
    public string? Client { get; init; }

    public required byte[] Ciphertext { get; init; }

    public required string Hint { get; init; }

    public static CredentialRow From(StoredCredential stored) => new()
    {
        ServerId = stored.Server,
        OrgId = stored.Organization,
        Kind = stored.Kind,
        Header = stored.Header,
        Client = stored.Client is null ? null : JsonSerializer.Serialize(stored.Client),
        Ciphertext = stored.Ciphertext,
        Hint = stored.Hint,
    };

    public StoredCredential ToStored() => new(OrgId, ServerId, Kind, Header, Ciphertext, Hint)
    {
        Client = Client is null ? null : JsonSerializer.Deserialize<ClientSettings>(Client),
    };
}

internal sealed class CredentialConfiguration : IEntityTypeConfiguration<CredentialRow>
{
    public void Configure(EntityTypeBuilder<CredentialRow> builder)
    {
        builder.ToTable("credentials").HasKey(c => c.ServerId);
        builder.Property(c => c.Kind).HasConversion<short>();
        builder.Property(c => c.Client).HasColumnType("jsonb");
        builder.HasOne<ServerRow>().WithOne(s => s.Credential)
            .HasForeignKey<CredentialRow>(c => new { c.OrgId, c.ServerId })
            .HasPrincipalKey<ServerRow>(s => new { s.OrgId, s.Id })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
