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
internal sealed class DashboardSession(AuthenticationStateProvider authentication, ActorResolver actors, SessionDirectory sessions)
{
    private const string EndedMessage = "Your session has ended: sign in again.";

    /// <summary>False once the session was revoked or is over. Asking is no use of it; for who watches.</summary>
    public async Task<bool> IsLiveAsync(CancellationToken cancellationToken) =>
        await SignedInAsync() is { } me && await sessions.IsLiveAsync(me, cancellationToken);

    /// <summary>The person and this browser's session, for what belongs to a person and to no organisation.</summary>
    /// <exception cref="RefusalException.Forbidden">The session has ended.</exception>
    public async Task<SignedIn> DemandAsync(CancellationToken cancellationToken) =>
        await SignedInAsync() is { } me && await sessions.UseAsync(me, cancellationToken) ? me : throw new RefusalException.Forbidden(EndedMessage);


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

    /// <summary>Null when nobody is signed in.</summary>
    public async Task<UserId?> UserAsync() => ActorResolver.UserOf((await authentication.GetAuthenticationStateAsync()).User);

    /// <summary>The person's organisations, by name.</summary>
    public async Task<IReadOnlyList<Membership>> MembershipsAsync(CancellationToken cancellationToken) =>
        await UserAsync() is { } user ? await actors.MembershipsAsync(user, cancellationToken) : [];

    /// <summary>For one reading or one action; not to be kept.</summary>
    /// <exception cref="RefusalException.Forbidden">The session has ended, or the person is no longer a member.</exception>
    public async Task<Actor> ActorAsync(string organization, CancellationToken cancellationToken)
    {
        await DemandAsync(cancellationToken);
        AuthenticationState state = await authentication.GetAuthenticationStateAsync();
        return await actors.FindAsync(state.User, organization, cancellationToken)
            ?? throw new RefusalException.Forbidden("You are no longer a member of this organisation.");
    }

    /// <summary>For what concerns the session itself; null when nobody is signed in.</summary>
    public async Task<SignedIn?> SignedInAsync() => ActorResolver.SignedInOf((await authentication.GetAuthenticationStateAsync()).User);
}
