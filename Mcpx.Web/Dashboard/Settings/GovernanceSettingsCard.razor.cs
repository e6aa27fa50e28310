using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>What the organisation decides for the rules of all its servers.</summary>
public sealed partial class GovernanceSettingsCard(GovernanceAdmin governance) : OrganizationPart
{
    private GovernanceSettings? _saved;
    private string? _error;

    private bool May => Viewer.May(Permission.ManageGovernance);

    protected override async Task OnInitializedAsync() => _error = await ReadAsync(async actor => _saved = await governance.GetSettingsAsync(actor, Left));

    private async Task SaveAsync(GovernanceSettings settings)
    {
        if (await TryAsync(async actor => _saved = await governance.SaveSettingsAsync(actor, settings, Left)))
            Toasts.Show(Tone.Good, "Saved: it holds from now on");
    }
}
