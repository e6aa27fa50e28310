using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Members;

/// <summary>Who was invited and has not come yet.</summary>
public sealed partial class InvitationsCard(InvitationAdmin invitations, TimeProvider time) : OrganizationPart
{
    private IReadOnlyList<Invitation>? _invitations;
    private DateTimeOffset _now;
    private string? _asked;
    private string? _error;
    private bool _busy;

    /// <summary>A new link that no mail carries.</summary>
    [Parameter]
    public EventCallback<IssuedInvitation> OnIssued { get; set; }

    private string AgainText => invitations.Mails ? "Send again" : "New link";

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        _asked = Organization;
        await LoadAsync();
    }

    public async Task LoadAsync()
    {
        _now = time.GetUtcNow();
        _error = await ReadAsync(async actor => _invitations = await invitations.ListAsync(actor, Left));
        StateHasChanged();
    }

    private async Task ResendAsync(Invitation invitation)
    {
        if (_busy) return;
        _busy = true;
        IssuedInvitation? issued = null;
        await TryAsync(async actor => issued = await invitations.ResendAsync(actor, invitation.Id, Left));
        _busy = false;
        if (issued is { Delivery: InvitationDelivery.Mailed }) Toasts.Show(Tone.Good, $"A new link is on its way to {invitation.Email}");
        else if (issued is not null) await OnIssued.InvokeAsync(issued);
        await LoadAsync();
    }

    private async Task RevokeAsync(Invitation invitation)
    {
        if (_busy) return;
        _busy = true;
        bool done = await TryAsync(actor => invitations.RevokeAsync(actor, invitation.Id, Left));
        _busy = false;
        if (done) Toasts.Show(Tone.Good, $"The invitation of {invitation.Email} is revoked");
        await LoadAsync();
    }
}
