using Mcpx.Core.Calls.Export;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Exports;

/// <summary>Where the organisation's calls are written to, hour by hour or day by day, and how that goes.</summary>
public sealed partial class ExportsPage(ScheduledExportAdmin admin, TimeProvider time) : OrganizationPage
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private IReadOnlyList<ScheduledExport>? _exports;
    private string? _error;
    private bool _adding;

    private bool May => Viewer.May(Permission.ManageOrganization);

    protected override Task OnInitializedAsync() => May ? LoadAsync() : Task.CompletedTask;

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && May) _ = RepeatAsync(LookEvery, time, LookAgainAsync);
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor => _exports = await admin.ListAsync(actor, Left));

    private async Task LookAgainAsync()
    {
        IReadOnlyList<ScheduledExport>? now = null;
        // What can't be read now is read in some seconds; what stands there stays.
        if (await ReadAsync(async actor => now = await admin.ListAsync(actor, Left)) is null && now is not null) _exports = now;
        StateHasChanged();
    }

    private async Task SavedAsync()
    {
        _adding = false;
        Toasts.Show(Tone.Good, "Export added: its first file comes when the running period is over");
        await LoadAsync();
    }

    private async Task DeleteAsync(ScheduledExport export)
    {
        if (!await TryAsync(actor => admin.DeleteAsync(actor, export.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Export “{export.Name}” deleted; its files stay where they are");
        await LoadAsync();
    }

    private static string WhereOf(ScheduledExport export) => export.S3 is { } s3
        ? $"{s3.Endpoint.Authority} · {s3.Bucket}/{(s3.Prefix.Length == 0 ? "" : s3.Prefix + "/")}{export.Name}"
        : "the operator's directory";

    private static Tone ToneOf(ScheduledExport export) => export.LastRun switch { null => Tone.Neutral, { Problem: null } => Tone.Good, _ => Tone.Bad };

    private static string WordOf(ScheduledExport export) => export.LastRun switch { null => "waits", { Problem: null } => "up to date", _ => "failing" };
}
