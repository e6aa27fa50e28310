using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Members;

/// <summary>One line to invite somebody with, ready for the next address.</summary>
public sealed partial class InvitePeople(InvitationAdmin invitations) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["email"] = nameof(FormModel.Email),
        ["role"] = nameof(FormModel.Role),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private IssuedInvitation? _issued;
    private bool _busy;

    [Parameter]
    public EventCallback OnInvited { get; set; }

    private IReadOnlyList<SelectOption<Role>> Choices => [.. RoleWords.All.Where(r => Viewer.May(Invitation.PermissionFor(r.Value)))];

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    private async Task InviteAsync()
    {
        if (_busy) return;
        (_busy, _issued) = (true, null);
        IssuedInvitation? issued = null;
        bool done = await TryAsync(_messages, async actor => issued = await invitations.InviteAsync(actor, new NewInvitation(_model.Email, _model.Role), Left));
        _busy = false;
        if (!done || issued is null) return;
        if (issued.Delivery is InvitationDelivery.Mailed) Toasts.Show(Tone.Good, $"Invitation mailed to {issued.Invitation.Email}");
        else _issued = issued;
        _model.Email = null;
        await OnInvited.InvokeAsync();
    }

    private sealed class FormModel
    {
        public string? Email { get; set; }

        public Role Role { get; set; } = Role.Member;
    }
}
