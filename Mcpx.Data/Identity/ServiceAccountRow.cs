using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

internal sealed class ServiceAccountRow
{
    /// <summary>Also its OAuth client id.</summary>
    public required ServiceAccountId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required Role Role { get; init; }

    public required TokenScopes Scopes { get; init; }

    /// <summary>See <see cref="CallerLimits"/>; null for no limit, in both.</summary>
    public Guid[]? EndpointIds { get; init; }

    public string[]? Tools { get; init; }

    /// <summary>Public keys for <c>private_key_jwt</c> as a JWK set (RFC 7517, section 5); null when it has none.</summary>
    public string? Jwks { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }
}

internal sealed class ServiceAccountConfiguration : IEntityTypeConfiguration<ServiceAccountRow>
{
    public void Configure(EntityTypeBuilder<ServiceAccountRow> builder)
    {
        builder.ToTable("service_accounts").HasKey(a => a.Id);
        builder.HasAlternateKey(a => new { a.OrgId, a.Id });
        builder.Property(a => a.Role).HasConversion<short>();
        builder.Property(a => a.Scopes).HasConversion<short>();
        builder.HasIndex(a => new { a.OrgId, a.Name }).IsUnique();
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(a => a.OrgId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ServiceAccountSecretRow
{
    public required ServiceAccountSecretId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required ServiceAccountId AccountId { get; init; }

    /// <summary>HMAC-SHA-256 of the text, see <see cref="TokenHasher"/>.</summary>
    public required byte[] Hash { get; init; }

    public required string Hint { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }
}

internal sealed class ServiceAccountSecretConfiguration : IEntityTypeConfiguration<ServiceAccountSecretRow>
{
    public void Configure(EntityTypeBuilder<ServiceAccountSecretRow> builder)
    {
        builder.ToTable("service_account_secrets").HasKey(s => s.Id);
        builder.HasIndex(s => s.Hash).IsUnique();
        builder.HasOne<ServiceAccountRow>().WithMany().HasForeignKey(s => new { s.OrgId, s.AccountId })
            .HasPrincipalKey(a => new { a.OrgId, a.Id }).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>A client assertion that was used (RFC 7523, section 3): it is good once.</summary>
internal sealed class ClientAssertionRow
{
    public required OrganizationId OrgId { get; init; }

    public required ServiceAccountId AccountId { get; init; }

    /// <summary>SHA-256 of the assertion's <c>jti</c>.</summary>
    public required byte[] JtiHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class ClientAssertionConfiguration : IEntityTypeConfiguration<ClientAssertionRow>
{
    public void Configure(EntityTypeBuilder<ClientAssertionRow> builder)
    {
        builder.ToTable("client_assertions").HasKey(a => new { a.AccountId, a.JtiHash });
        builder.HasIndex(a => a.ExpiresAt);
        builder.HasOne<ServiceAccountRow>().WithMany().HasForeignKey(a => new { a.OrgId, a.AccountId })
            .HasPrincipalKey(a => new { a.OrgId, a.Id }).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>A key that signs access tokens; the installation's, not an organisation's.</summary>
internal sealed class SigningKeyRow
{
    /// <summary>The <c>kid</c>.</summary>
    public required string Id { get; init; }

    /// <summary>SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), DER.</summary>
    public required byte[] PublicKey { get; init; }

    /// <summary>PKCS#8, sealed by the key ring.</summary>
    public required byte[] PrivateKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From here on it signs; before, it is only published, so that verifiers know it in time.</summary>
    public required DateTimeOffset ActiveAt { get; init; }

    /// <summary>From here on nothing that it signed is accepted.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class SigningKeyConfiguration : IEntityTypeConfiguration<SigningKeyRow>
{
    public void Configure(EntityTypeBuilder<SigningKeyRow> builder) => builder.ToTable("signing_keys").HasKey(k => k.Id);
}
