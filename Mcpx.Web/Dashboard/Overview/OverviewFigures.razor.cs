using Mcpx.Core.Metrics;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Charts;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Overview;

/// <summary>The moving part of the overview: tiles and table are rendered per frame, all charts get one delta together.</summary>
public sealed partial class OverviewFigures(LiveFigures figures, ServerAdmin servers) : OrganizationPart
{
    private ChartGroup? _charts;
    private IDisposable? _subscription;
    private LiveFrame? _frame;
    private LiveHistory? _history;
    private DateTimeOffset _sent;
    private IReadOnlyList<UpstreamServer>? _servers;
    private string? _error;

    [Parameter, EditorRequired]
    public TimeRange Range { get; set; } = TimeRange.Default;

    private MetricPoint? Minute => _frame?.Minute;

    private string CallsNote => Minute is null ? "" : $"{Figures.Count(Minute.Calls)} in the last minute";

    private string LatencyNote => Minute is null ? "" : Minute.P50 is null ? "no calls in the last minute" : $"p50 {Figures.Short(Minute.P50)} · p99 {Figures.Short(Minute.P99)} ms";

    private string ErrorRate => Minute is { Calls: > 0 } minute ? Figures.Short(100.0 * minute.Errors / minute.Calls) : "–";

    private string ErrorNote => Minute is null ? "" : $"{Figures.Count(Minute.Errors)} failed · {Figures.Count(Minute.Refused)} refused";

    private int FailingServers => _frame?.Servers.Count(server => server.Figures.Errors > 0) ?? 0;

    private string ServersNote => _frame is null ? "" : FailingServers == 0 ? "no errors in 15 minutes" : $"{FailingServers} with errors in 15 minutes";

    private (string Name, double P95)? Slowest => _frame?.Servers.Where(server => server.Figures.P95 is not null).MaxBy(server => server.Figures.P95) is { } slowest
        && _servers?.FirstOrDefault(server => server.Id == slowest.Server) is { } named
            ? (named.Name, slowest.Figures.P95!.Value)
            : null;

    protected override async Task OnInitializedAsync() => _error = await ReadAsync(async actor =>
        _servers = [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left)).Items.Select(details => details.Server)]);

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive) return;
        await ReadAsync(actor =>
        {
            _subscription = figures.Subscribe(actor, Range.Span, OnFrame);
            return Task.CompletedTask;
        });
    }

    protected override void Dispose(bool disposing)
    {
        _subscription?.Dispose();
        base.Dispose(disposing);
    }

    private void OnFrame(LiveFrame frame) => _ = InvokeAsync(async () =>
    {
        if (Left.IsCancellationRequested) return;
        try
        {
            await ShowAsync(frame);
        }
        catch (Exception e)
        {
            // Nobody awaits a frame: without this a mistake would only make the figures stand still.
            await DispatchExceptionAsync(e);
        }
    });

    private async Task ShowAsync(LiveFrame frame)
    {
        _frame = frame;
        if (_history is null && !frame.Stale)
        {
            _history = LiveHistory.From(frame);
            _sent = frame.Steps.Count == 0 ? default : frame.Steps[^1].At;
        }

        StateHasChanged();
        foreach (var step in frame.Steps.SkipWhile(step => step.At <= _sent).ToArray())
        {
            _sent = step.At;
            if (_charts is not null) await _charts.PushAsync(LiveHistory.Tick(step, frame.Step));
        }
    }
}
