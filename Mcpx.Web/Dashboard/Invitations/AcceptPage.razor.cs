using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Invitations;

/// <summary>
/// Where an invitation's link leads. Looking at it takes nothing: mail scanners follow links too. Joining is a form of
/// the person who is signed in.
/// </summary>
public sealed partial class AcceptPage(InvitationAdmin invitations, NavigationManager navigation, TimeProvider time) : ComponentBase
{
    private InvitationOffer? _offer;
    private Ended? _ended;
    private UserId? _user;
    private bool _isTheirs;

    [SupplyParameterFromQuery(Name = "code")]
    private string? Code { get; set; }

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    [CascadingParameter]
    private HttpContext Http { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        // The code is in the address: it must not stay in a cache.
        Http.Response.Headers.CacheControl = "no-store";
        _user = await Session.UserAsync();
        _offer = await invitations.FindOfferAsync(Code, Http.RequestAborted);
        InvitationState? state = _offer?.Invitation.StateAt(time.GetUtcNow());
        if (state is not InvitationState.Open) _ended = Describe(state);
        else if (_user is { } user) _isTheirs = await invitations.IsForAsync(_offer!, user, Http.RequestAborted);
    }

    private async Task AcceptAsync()
    {
        // A form that came without its person, or for somebody else's address, shows what holds now.
        if (await Session.SignedInAsync() is not { } me) return;
        switch (await invitations.AcceptAsync(me, Code, Http.RequestAborted))
        {
            case Acceptance.Joined joined:
                navigation.NavigateTo(DashboardUrls.Overview(joined.Membership.Organization.Slug));
                break;
            case Acceptance.Over over:
                _ended = Describe(over.State);
                break;
            case Acceptance.Unknown:
                _ended = Describe(null);
                break;
            case Acceptance.OtherAddress:
                _isTheirs = false;
                break;
        }
    }

    private Ended Describe(InvitationState? state) => state switch
    {
        InvitationState.Accepted when _user is not null && _offer?.Invitation.AcceptedBy == _user =>
            new Ended("You have joined already", $"You accepted this invitation into “{_offer!.Organization.Name}”. A link works once."),
        InvitationState.Accepted => new Ended("This invitation was used", "A link works once. If it was not you who used it, tell whoever invited you."),
        InvitationState.Revoked => new Ended("This invitation was revoked", "Whoever invited you took it back, or may not invite any more. Ask for a new one."),
        InvitationState.Expired => new Ended("This invitation has run out", "A link is good for seven days. Ask whoever invited you to send it again."),
        _ => new Ended("This invitation does not exist", "The link is not complete, or a newer one was sent: each new link ends the one before."),
    };

    private sealed record Ended(string Title, string Text);
}
