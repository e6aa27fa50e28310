using System.Security.Claims;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Authentication;

/// <summary>
/// The signed-in person as an actor in one organisation. Read from the database each time: a cookie and an open circuit
/// outlive a role, so neither may carry it.
/// </summary>
internal sealed class ActorResolver(IMembershipStore memberships)
{
    /// <summary>Null when nobody is signed in, the organisation does not exist or the person is no member of it.</summary>
    public async Task<Actor?> FindAsync(ClaimsPrincipal principal, string organizationSlug, CancellationToken cancellationToken) =>
        await FindMembershipAsync(principal, organizationSlug, cancellationToken) is { } membership
            ? new Actor(membership.Organization.Id, membership.User.Id, membership.User.Name, membership.Role, "dashboard")
            : null;

    /// <summary>Null in the same cases.</summary>
    public Task<Membership?> FindMembershipAsync(ClaimsPrincipal principal, string organizationSlug, CancellationToken cancellationToken) =>
        UserOf(principal) is { } user ? memberships.FindAsync(organizationSlug, user, cancellationToken) : Task.FromResult<Membership?>(null);

    public static UserId? UserOf(ClaimsPrincipal principal) =>
        principal.Identity?.IsAuthenticated is true && EntityId.TryParse(principal.FindFirstValue(McpxClaims.UserId), out UserId user) ? user : null;

    /// <summary>The holder of the token that authenticated an API request.</summary>
    public static Actor FromToken(HttpContext http)
    {
        Caller caller = http.Features.Get<Caller>() ?? throw new InvalidOperationException("The endpoint did not require a token.");
        return new Actor(caller.Organization, caller.User, caller.Membership.User.Name, caller.Role, $"token {caller.TokenName}");
    }
}
