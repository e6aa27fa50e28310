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
        [Permission.ManageRoles] = Role.Owner,
        [Permission.ManageOrganization] = Role.Owner,
    };

    public static bool Allows(this Role role, Permission permission) => role >= LeastRole[permission];
}

/// <summary>Who administers: a member acting in one organisation through the dashboard or with a token.</summary>
/// <param name="Via">The credential used, e.g. <c>dashboard</c> or a token's name: for the audit.</param>
public sealed record Actor(OrganizationId Organization, UserId User, string Name, Role Role, string Via)
{
    /// <summary>Refuses unless the role allows it. Every <c>…Admin</c> method calls this first.</summary>
    public void Demand(Permission permission)
    {
        if (!Role.Allows(permission))
            throw new RefusalException.Forbidden($"This needs the role {RolePermissions.LeastRole[permission]} or above.");
    }
}
