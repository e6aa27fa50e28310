using System.Globalization;
using Mcpx.Core.Calls;
using Mcpx.Core.Health;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Operations;

/// <summary>How the installation is; for Owners of the organisation that came with it. Looks again by itself.</summary>
public sealed partial class OperationsPage(InstallationAdmin installation, TimeProvider time) : OrganizationPage
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private InstallationReport? _report;
    private string? _error;
    private bool _unanswered;
    private Task? _asking;

    [SupplyParameterFromQuery(Name = "range")]
    private string? RangeKey { get; set; }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _ = RepeatAsync(LookEvery, time, LookAsync);
    }

    private async Task LoadAsync()
    {
        InstallationReport? report = null;
        bool unanswered = false;
        string? error = await ReadAsync(async actor => report = await installation.GetAsync(actor, Left), () =>
        {
            unanswered = true;
            return Unanswered();
        });
        (_error, _unanswered) = (error, unanswered);
        if (report is not null) _report = report;
        // Who is refused now must not go on reading what they were shown.
        else if (!unanswered && error is not null) _report = null;
    }

    /// <summary>A database that is away may let everybody wait. What this replica knows by itself is shown meanwhile.</summary>
    private async Task LookAsync()
    {
        _asking ??= LoadAsync();
        await Task.WhenAny(_asking, Task.Delay(LookEvery, time, Left));
        if (_asking.IsCompleted)
        {
            Task asked = _asking;
            _asking = null;
            await asked;
        }
        else
        {
            (_error, _unanswered) = (Unanswered(), true);
        }

        StateHasChanged();
    }

    /// <summary>The figures of this replica anew, and what to say about them.</summary>
    private string Unanswered()
    {
        if (_report is not { } before) return "The database does not answer, so who you are can't be looked up. Calls still go through; this page can be read again in a moment.";
        _report = installation.GetWithoutDatabase(before);
        return _report is null
            ? $"The database does not answer, and your rights were last confirmed at {At(before)}: that is too long ago to show this any longer. Calls still go through; GET /readyz tells how the journal is."
            : $"The database does not answer; your rights were last confirmed at {At(before)}. The journal's figures are this replica's of this moment, and are shown for {InstallationAdmin.RightsLast.TotalMinutes:0} minutes from then.";
    }

    /// <summary>Who rolls up is another on each edition.</summary>
    private static string BehindHint(InstallationReport report) => report.Database is { Edition: "Timescale" }
        ? "Look at TimescaleDB's policies: SELECT * FROM timescaledb_information.job_stats."
        : "Look at the job roll-up-metrics below.";

    private static string At(InstallationReport report) => report.ConfirmedAt.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static int Share(JournalState journal) => (int)Math.Clamp(100 * journal.Bytes / Math.Max(1, journal.Budget), 0, 100);
}
