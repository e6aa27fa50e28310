using Mcpx.Core.Calls;
using Mcpx.Core.Health;

namespace Mcpx.Web.Dashboard.Operations;

/// <summary>How the installation is; for Owners of the organisation that came with it. Looks again by itself.</summary>
public sealed partial class OperationsPage(InstallationAdmin installation, TimeProvider time) : OrganizationPage
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private InstallationReport? _report;
    private string? _error;

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _ = RepeatAsync(LookEvery, time, LookAsync);
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor => _report = await installation.GetAsync(actor, Left));

    private async Task LookAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private static int Share(JournalState journal) => (int)Math.Clamp(100 * journal.Bytes / Math.Max(1, journal.Budget), 0, 100);
}
