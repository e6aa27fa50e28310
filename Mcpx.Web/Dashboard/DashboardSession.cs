using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components.Authorization;

namespace Mcpx.Web.Dashboard;

/// <summary>
/// Who is looking, asked of the database each time: the cookie says who somebody is, never what they may do, and a
/// circuit can stay open for days after a role was taken away.
/// </summary>
internal sealed class DashboardSession(AuthenticationStateProvider authentication, ActorResolver actors)
{
    /// <summary>Null for an organisation that does not exist, or that the person does not belong to: nobody can tell which.</summary>
    public async Task<DashboardViewer?> FindViewerAsync(string organization, CancellationToken cancellationToken)
    {
        AuthenticationState state = await authentication.GetAuthenticationStateAsync();
        Membership? membership = await actors.FindMembershipAsync(state.User, organization, cancellationToken);
        return membership is null
            ? null
            : new DashboardViewer(membership.Organization.Slug, membership.Organization.Name, membership.User.Name, membership.User.Email ?? "",
                membership.Organization.Id, membership.User.Id, membership.Role);
    }

    /// <summary>For one reading or one action; not to be kept.</summary>
    /// <exception cref="RefusalException.Forbidden">The person is no longer a member.</exception>
    public async Task<Actor> ActorAsync(string organization, CancellationToken cancellationToken)
    {
        AuthenticationState state = await authentication.GetAuthenticationStateAsync();
        return await actors.FindAsync(state.User, organization, cancellationToken)
            ?? throw new RefusalException.Forbidden("You are no longer a member of this organisation.");
    }
}
