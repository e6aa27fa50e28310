using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>The organisation itself: its name, and the two ways out of it.</summary>
public sealed partial class SettingsPage(OrganizationAdmin organizations, MemberAdmin members, NavigationManager navigation) : OrganizationPage
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = nameof(FormModel.Name) };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private OrganizationDetails? _details;
    private string? _asked;
    private string? _error;
    private bool _leaving;
    private bool _saving;

    [Inject]
    private KeyAdmin Keys { get; set; } = null!;

    private bool MayManage => Viewer.May(Permission.ManageOrganization);

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        _asked = Organization;
        await LoadAsync();
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor => Show(await organizations.GetAsync(actor, Left)));

    private void Show(OrganizationDetails details) => (_details, _model.Name) = (details, details.Organization.Name);

    private async Task RenameAsync()
    {
        if (_saving) return;
        _saving = true;
        bool done = await TryAsync(_messages, async actor => Show(await organizations.RenameAsync(actor, _model.Name, Left)));
        _saving = false;
        if (done) Toasts.Show(Tone.Good, $"The organisation is called “{_model.Name}” now");
    }

    private async Task LeaveAsync()
    {
        if (_saving) return;
        _saving = true;
        bool done = await TryAsync(actor => members.LeaveAsync(actor, Left));
        (_saving, _leaving) = (false, false);
        if (done) navigation.NavigateTo(DashboardUrls.Organizations, forceLoad: true);
    }

    private async Task DeleteAsync()
    {
        // The card compared what was typed with the name on this page; what stands in the database decides.
        if (await TryAsync(actor => organizations.DeleteAsync(actor, Viewer.OrganizationName, Left)))
            navigation.NavigateTo(DashboardUrls.Organizations, forceLoad: true);
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }
    }
}
