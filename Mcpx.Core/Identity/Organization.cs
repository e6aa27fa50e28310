using System.Collections.Frozen;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

public sealed record Organization(OrganizationId Id, string Slug, string Name)
{
    /// <summary>First segments of our own addresses: an organisation of that name would stand in front of a door.</summary>
    public static FrozenSet<string> ReservedSlugs { get; } = new[]
    {
        "api", "assets", "dev", "error", "invitations", "jobs", "livez", "mcp", "metrics", "not-found", "oauth", "openapi", "organizations",
        "profile", "readyz", "settings", "sign-in", "sign-out",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public AuditView ToAudit() => new AuditView(Name).With("name", Name).With("slug", Slug);
}

public sealed record User(UserId Id, string Name, string? Email)
{
    /// <summary>Without the address, which a person changes at their provider and not here.</summary>
    public AuditView ToAudit() => new AuditView(Name).With("name", Name);
}

/// <summary>A user's place in one organisation.</summary>
public sealed record Membership(Organization Organization, User User, Role Role);

public interface IMembershipStore
{
    /// <summary>The organisations of a user, by name.</summary>
    Task<IReadOnlyList<Membership>> ListAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>Null when the organisation does not exist or the user is no member: callers can't tell which.</summary>
    Task<Membership?> FindAsync(string organizationSlug, UserId user, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the organisation and its first Owner unless the organisation exists, and returns that Owner either way.
    /// Safe when several replicas do it at once.
    /// </summary>
    Task<Membership> EnsureOwnerAsync(Organization organization, User owner, AdminChange change, CancellationToken cancellationToken);
}
