using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

public enum Role
{
    Member,
    Admin,
    Owner,
}

/// <summary>What a person or a token may do inside one organisation.</summary>
public enum Permission
{
    ViewResources,
    CallTools,
    ManageServers,
    ManageGovernance,
    ManageMembers,
    SeePayloads,
    ViewAuditLog,
    ManageRoles,
    ManageOrganization,
}

/// <summary>The one table of who may do what. Tests and documentation read it.</summary>
public static class RolePermissions
{
    public static IReadOnlyDictionary<Permission, Role> LeastRole { get; } = new Dictionary<Permission, Role>
    {
        [Permission.ViewResources] = Role.Member,
        [Permission.CallTools] = Role.Member,
        [Permission.ManageServers] = Role.Admin,
        [Permission.ManageGovernance] = Role.Admin,
        [Permission.ManageMembers] = Role.Admin,
        [Permission.SeePayloads] = Role.Admin,
        [Permission.ViewAuditLog] = Role.Admin,
        [Permission.ManageRoles] = Role.Owner,
        [Permission.ManageOrganization] = Role.Owner,
    };

    public static bool Allows(this Role role, Permission permission) => role >= LeastRole[permission];
}

/// <summary>Who administers: a member acting in one organisation through the dashboard or with a token, or a service account.</summary>
/// <param name="Origin">By which credential and from where: for the audit log.</param>
public sealed record Actor(OrganizationId Organization, Principal Principal, Role Role, RequestOrigin Origin)
{
    /// <summary>What the credential that is used may be used for: nothing that it makes may do more.</summary>
    public TokenScopes Scopes { get; init; } = TokenScopes.All;

    /// <summary>What that credential is limited to, likewise.</summary>
    public CallerLimits Limits { get; init; } = CallerLimits.None;

    /// <summary>The person who acts; null for a service account.</summary>
    public User? Person => (Principal as Principal.Person)?.User;

    public UserId? User => Person?.Id;

    public string Name => Principal.Name;

    public static Actor Of(Membership membership, RequestOrigin origin) =>
        new(membership.Organization.Id, new Principal.Person(membership.User), membership.Role, origin);

    /// <exception cref="RefusalException.Forbidden">The actor is a service account: what is asked for belongs to people.</exception>
    public User DemandPerson() => Person ?? throw new RefusalException.Forbidden("A service account can't do this: it takes a person.");

    /// <summary>A credential must not make a stronger one than itself: that would undo the limits it was given.</summary>
    /// <exception cref="RefusalException.Forbidden">The credential in use has not all of these scopes, or is limited to less.</exception>
    public void DemandNoMoreThanOwn(TokenScopes scopes, CallerLimits limits)
    {
        if ((scopes & ~Scopes) is not TokenScopes.None and var more)
            throw new RefusalException.Forbidden($"This token can't give scopes that it does not have itself: {string.Join(", ", more.ToNames())}.");
        if (!Limits.Covers(limits))
            throw new RefusalException.Forbidden("This token is limited to some endpoints or tools, and can't give more than it has itself.");
    }

    /// <summary>Refuses unless the role allows it. Every <c>…Admin</c> method calls this first.</summary>
    public void Demand(Permission permission)
    {
        if (!Role.Allows(permission))
            throw new RefusalException.Forbidden($"This needs the role {RolePermissions.LeastRole[permission]} or above.");
    }
}
