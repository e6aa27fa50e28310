using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

internal sealed class TokenRow
{
    public required TokenId Id { get; init; }

    public required OrganizationId OrgId { get; init; }

    public required UserId UserId { get; init; }

    public required string Name { get; init; }

    /// <summary>HMAC-SHA-256 of the text, see <see cref="TokenHasher"/>.</summary>
    public required byte[] Hash { get; init; }

    public required string Hint { get; init; }

    public required TokenScopes Scopes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>See <see cref="CallerLimits"/>; null for no limit, in both.</summary>
    public Guid[]? EndpointIds { get; init; }

    public string[]? Tools { get; init; }

    public PersonalAccessToken ToToken() => new(Id, OrgId, UserId, Name, Hint, Scopes, CreatedAt, ExpiresAt, RevokedAt, LastUsedAt)
    {
        Limits = new CallerLimits(EndpointIds, Tools),
    };
}

internal sealed class TokenConfiguration : IEntityTypeConfiguration<TokenRow>
{
    public void Configure(EntityTypeBuilder<TokenRow> builder)
    {
        builder.ToTable("tokens").HasKey(t => t.Id);
        builder.HasAlternateKey(t => new { t.OrgId, t.Id });
        builder.Property(t => t.Scopes).HasConversion<short>();
        builder.HasIndex(t => t.Hash).IsUnique();
        builder.HasIndex(t => t.UserId);
        builder.HasOne<OrganizationRow>().WithMany().HasForeignKey(t => t.OrgId).OnDelete(DeleteBehavior.Cascade);
        // To the user, not to the membership: who leaves takes the right away with them, the record of the token stays.
        builder.HasOne<UserRow>().WithMany().HasForeignKey(t => t.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class SignInLinkRow
{
    public required byte[] Hash { get; init; }

    public required UserId UserId { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class SignInLinkConfiguration : IEntityTypeConfiguration<SignInLinkRow>
{
    public void Configure(EntityTypeBuilder<SignInLinkRow> builder)
    {
        builder.ToTable("sign_in_links").HasKey(l => l.Hash);
        builder.HasIndex(l => l.UserId);
        builder.HasOne<UserRow>().WithMany().HasForeignKey(l => l.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
