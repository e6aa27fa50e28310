using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;

namespace Mcpx.Tests.Identity;

/// <summary>Organisations, people and tokens that exist in a test only.</summary>
internal static class People
{
    private static readonly TestClock Clock = new();

    public static Organization Organization(string slug = "acme") => new(EntityId.New<OrganizationId>(Clock), slug, slug);

    public static Membership Membership(Organization? organization = null, Role role = Role.Owner) =>
        new(organization ?? Organization(), new User(EntityId.New<UserId>(Clock), "Ada", null), role);

    public static Caller Caller(Organization? organization = null, Role role = Role.Owner)
    {
        var membership = Membership(organization, role);
        return new(membership.Organization, new Principal.Person(membership.User), membership.Role, TokenScopes.All, DateTimeOffset.MaxValue)
        {
            Token = EntityId.New<TokenId>(Clock),
            TokenName = "token",
        };
    }
}
