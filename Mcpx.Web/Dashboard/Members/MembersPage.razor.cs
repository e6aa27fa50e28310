using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Members;

/// <summary>Who belongs to the organisation, as what, and who is invited.</summary>
public sealed partial class MembersPage(MemberAdmin members) : OrganizationPage
{
    private List<Member>? _members;
    private Member? _removing;
    private Role? _steppingDown;
    private IssuedInvitation? _issued;
    private InvitationsCard? _invitations;
    private string? _asked;
    private string? _error;
    private bool _busy;

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        (_asked, _members) = (Organization, null);
        await LoadAsync();
    }

    private bool IsMe(Member member) => member.User.Id == Viewer.User;

    private bool MayRemove(Member member) => Viewer.May(Permission.ManageMembers) && (member.Role is not Role.Owner || Viewer.Role is Role.Owner);

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        List<Member> found = [];
        string? after = null;
        do
        {
            Page<Member> page = await members.ListAsync(actor, after, MemberAdmin.LargestPage, Left);
            found.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);
        _members = [.. found.OrderByDescending(m => m.Role).ThenBy(m => m.User.Name, StringComparer.OrdinalIgnoreCase)];
    });

    private async Task ChooseRoleAsync(Member member, Role role)
    {
        if (role == member.Role) return;
        if (IsMe(member)) _steppingDown = role;
        else await ChangeRoleAsync(member.User, role);
    }

    private async Task StepDownAsync()
    {
        if (_busy || _steppingDown is not { } role) return;
        _busy = true;
        await ChangeRoleAsync(new User(Viewer.User, "You", null), role);
        (_busy, _steppingDown) = (false, null);
    }

    private async Task ChangeRoleAsync(User user, Role role)
    {
        if (await TryAsync(actor => members.ChangeRoleAsync(actor, user.Id, role, Left)))
            Toasts.Show(Tone.Good, user.Id == Viewer.User ? $"You are {role} now" : $"“{user.Name}” is {role} now");
        await LoadAsync();
        await ReloadInvitationsAsync();
    }

    private async Task RemoveAsync()
    {
        if (_busy || _removing is not { } member) return;
        _busy = true;
        bool done = await TryAsync(actor => members.RemoveAsync(actor, member.User.Id, Left));
        (_busy, _removing) = (false, null);
        if (done) Toasts.Show(Tone.Good, $"“{member.User.Name}” is no longer a member");
        await LoadAsync();
        await ReloadInvitationsAsync();
    }

    private Task OnInvitedAsync() => ReloadInvitationsAsync();

    private Task ReloadInvitationsAsync() => _invitations?.LoadAsync() ?? Task.CompletedTask;
}
