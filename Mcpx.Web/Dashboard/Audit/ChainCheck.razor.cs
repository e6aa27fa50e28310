using System.Globalization;
using Mcpx.Core.Audit.Chain;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>Verifies the organisation's chain when somebody asks, and says what that found.</summary>
public sealed partial class ChainCheck(ChainAdmin chain) : OrganizationPart
{
    private ChainReport? _report;
    private ChainProgress? _progress;
    private string? _of;
    private bool _running;

    private long Share => _progress is { Total: > 0 } progress ? progress.Done * 100 / progress.Total : 0;

    private string Told => _progress is { } progress ? $"{progress.Done:N0} of {progress.Total:N0} records" : "The chain is read.";

    private string Counted => _report is { } report
        ? $"{report.Calls:N0} {(report.Calls == 1 ? "call" : "calls")} and {report.Entries:N0} {(report.Entries == 1 ? "entry" : "entries")} are as they were written."
        : "";

    protected override void OnParametersSet()
    {
        // What was found of one organisation says nothing of the next.
        if (_of != Organization) (_of, _report) = (Organization, null);
    }

    /// <summary>With the key once it is known: a file that somebody signed with a key of their own is refused then.</summary>
    private string OfflineCommand => $"Mcpx.Web audit verify {ChainExportEndpoint.FileName}{(_report is { } report ? $" --key {report.KeyId}" : "")}";

    private static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private async Task VerifyAsync()
    {
        (_running, _progress, _report) = (true, null, null);
        ChainReport? report = null;
        await TryAsync(async actor => report = await chain.VerifyAsync(actor, new Progress<ChainProgress>(p => _ = InvokeAsync(() => Show(p))), Left));
        (_running, _report) = (false, report);
    }

    private void Show(ChainProgress progress)
    {
        _progress = progress;
        if (_running) StateHasChanged();
    }
}
