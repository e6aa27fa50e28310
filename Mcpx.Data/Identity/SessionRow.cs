using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Mcpx.Data.Identity;

/// <summary>A person's sign-in to the dashboard in one browser.</summary>
internal sealed class SessionRow
{
    public required SessionId Id { get; init; }

    public required UserId UserId { get; init; }

    /// <summary>How they signed in: a provider's name, or <c>link</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>The browser, as it calls itself.</summary>
    public required string Client { get; init; }

    /// <summary>Where it came from.</summary>
    public required string Address { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>The absolute end, however busy the session is.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public UserSession ToSession() => new(Id, UserId, Provider, Client, Address, CreatedAt, LastSeenAt, ExpiresAt, RevokedAt);
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<SessionRow>
{
    public void Configure(EntityTypeBuilder<SessionRow> builder)
    {
        builder.ToTable("sessions").HasKey(s => s.Id);
        builder.HasIndex(s => s.UserId);
        builder.HasIndex(s => s.ExpiresAt);
        builder.HasOne<UserRow>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
