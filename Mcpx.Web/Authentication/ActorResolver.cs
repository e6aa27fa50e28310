using System.Security.Claims;
using Mcpx.Core.Audit;
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
        SignedInOf(principal) is { } me && await memberships.FindAsync(organizationSlug, me.User, cancellationToken) is { } membership
            ? Actor.Of(membership, me.Origin)
            : null;

    /// <summary>Null in the same cases.</summary>
    public Task<Membership?> FindMembershipAsync(ClaimsPrincipal principal, string organizationSlug, CancellationToken cancellationToken) =>
        UserOf(principal) is { } user ? memberships.FindAsync(organizationSlug, user, cancellationToken) : Task.FromResult<Membership?>(null);

    public Task<IReadOnlyList<Membership>> MembershipsAsync(UserId user, CancellationToken cancellationToken) => memberships.ListAsync(user, cancellationToken);

    public static UserId? UserOf(ClaimsPrincipal principal) =>
        principal.Identity?.IsAuthenticated is true && EntityId.TryParse(principal.FindFirstValue(McpxClaims.UserId), out UserId user) ? user : null;

    /// <summary>The person and their session; null when nobody is signed in, or only by a cookie of a release without sessions.</summary>
    public static SignedIn? SignedInOf(ClaimsPrincipal? principal) =>
        principal is not null && UserOf(principal) is { } user && EntityId.TryParse(principal.FindFirstValue(McpxClaims.SessionId), out SessionId session)
            ? new SignedIn(user, session, RequestOrigins.Of(principal, session))
            : null;

    /// <summary>The holder of the token that authenticated an API request.</summary>
    public static Actor FromToken(HttpContext http)
    {
        Caller caller = http.Features.Get<Caller>() ?? throw new InvalidOperationException("The endpoint did not require a token.");
        UsedCredential credential = caller.Token is { } token ? new UsedCredential(UsedCredentialKind.Token, token.Value, caller.TokenName) : new UsedCredential(UsedCredentialKind.AccessToken);
        return new Actor(caller.Organization, caller.Principal, caller.Role, RequestOrigins.Of(http, credential))
        {
            Scopes = caller.Scopes,
            Limits = caller.Limits,
        };
    }
}
