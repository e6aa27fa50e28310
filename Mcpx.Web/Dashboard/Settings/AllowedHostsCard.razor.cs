using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>The organisation's list of hosts that its servers may be at.</summary>
public sealed partial class AllowedHostsCard(EgressAdmin egress, ServerAdmin servers) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal) { ["hosts"] = nameof(FormModel.Hosts) };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private IReadOnlyList<string> _outside = [];
    private string? _asked;
    private string? _error;
    private bool _saving;

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        _asked = Organization;
        _error = await ReadAsync(async actor => await ShowAsync(actor, await egress.GetAsync(actor, Left)));
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        string[] hosts = (_model.Hosts ?? "").Split(['\n', ',', ' '], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        bool done = await TryAsync(_messages, async actor => await ShowAsync(actor, await egress.ReplaceAsync(actor, hosts, Left)));
        _saving = false;
        if (done) Toasts.Show(Tone.Good, hosts.Length == 0 ? "Every host that the installation allows is allowed" : "The allowed hosts are saved");
    }

    /// <summary>Who writes a list is told at once which servers it shuts out.</summary>
    private async Task ShowAsync(Actor actor, HostRules rules)
    {
        _model.Hosts = string.Join('\n', rules.Patterns);
        var page = await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left);
        _outside = [.. page.Items.Where(s => !rules.Allows(s.Server.Url.IdnHost)).Select(s => s.Server.Name)];
    }

    private sealed class FormModel
    {
        public string? Hosts { get; set; }
    }
}
