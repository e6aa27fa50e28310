using Mcpx.Core.Primitives;

namespace Mcpx.Data;

/// <summary>Whose rows a unit of work may touch.</summary>
internal abstract record DataScope
{
    private DataScope()
    {
    }

    /// <summary>
    /// For what serves the whole installation: snapshots, looking up a credential, sweeping what expired. Each use stands
    /// with its reason in a list that a test compares.
    /// </summary>
    public static DataScope Everything { get; } = new Installation();

    public static DataScope Of(OrganizationId organization) => new Tenant(organization);

    public static DataScope Of(UserId user) => new Person(user);

    /// <summary>The rows of one organisation.</summary>
    public sealed record Tenant(OrganizationId Organization) : DataScope;

    /// <summary>What belongs to one person and to no organisation: the account, logins, sessions, and their memberships.</summary>
    public sealed record Person(UserId User) : DataScope;

    public sealed record Installation : DataScope;
}
