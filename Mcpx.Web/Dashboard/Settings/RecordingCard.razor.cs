using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>How the organisation's calls are recorded.</summary>
public sealed partial class RecordingCard(RecordingAdmin recording) : OrganizationPart
{
    private RecordingSettings? _saved;
    private string? _error;

    private bool May => Viewer.May(Permission.ManageGovernance);

    protected override async Task OnInitializedAsync() => _error = await ReadAsync(async actor => _saved = await recording.GetAsync(actor, Left));

    private async Task SaveAsync(RecordingSettings settings)
    {
        if (await TryAsync(async actor => _saved = await recording.SaveAsync(actor, settings, Left)))
            Toasts.Show(Tone.Good, "Saved: calls are recorded so from now on");
    }
}
