using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Profile;

public sealed partial class NameCard : ProfilePart
{
    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private string? _problem;
    private bool _busy;

    [Parameter, EditorRequired]
    public Account Account { get; set; } = null!;

    [Parameter]
    public EventCallback OnChanged { get; set; }

    private bool IsVerified => Account.Logins.Any(login => login.EmailTrusted && login.Email == Account.User.Email);

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _model.Name = Account.User.Name;
    }

    private async Task SaveAsync()
    {
        if (_busy) return;
        _busy = true;
        _problem = await AttemptAsync(me => Accounts.RenameAsync(me, _model.Name, Left));
        _busy = false;
        if (_problem is not null) return;
        Toasts.Show(Tone.Good, "Name saved");
        await OnChanged.InvokeAsync();
        _model.Name = Account.User.Name;
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }
    }
}
