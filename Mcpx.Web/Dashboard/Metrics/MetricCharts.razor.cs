using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Charts;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>The charts of a history. They stay where they are when it is read anew, or another is shown.</summary>
public sealed partial class MetricCharts : ComponentBase
{
    private ChartGroup? _charts;
    private MetricHistory? _drawn;
    private MetricHistory? _sent;
    private IReadOnlyDictionary<string, ChartPicture> _pictures = new Dictionary<string, ChartPicture>(StringComparer.Ordinal);

    [Parameter, EditorRequired]
    public MetricHistory History { get; set; } = null!;

    /// <inheritdoc cref="ChartBase.ZoomUrl"/>
    [Parameter, EditorRequired]
    public string ZoomUrl { get; set; } = "";

    /// <summary>Figures of callers know no parts of a latency.</summary>
    [Parameter]
    public bool OfCaller { get; set; }

    private string ShareEmpty => OfCaller ? "Which part was the server's is not kept by caller." : "No call reached a server in this time.";

    /// <summary>Null until somebody can see the page: asks whether they still do.</summary>
    public Task<bool> IsVisibleAsync() => _charts?.IsVisibleAsync() ?? Task.FromResult(false);

    protected override void OnParametersSet()
    {
        if (ReferenceEquals(_drawn, History)) return;
        _drawn = History;
        _pictures = MetricLines.Of(History, ZoomUrl);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (ReferenceEquals(_sent, _drawn)) return;
        _sent = _drawn;
        // The first history is what the charts begin with.
        if (!firstRender && _charts is not null) await _charts.ShowAsync([.. _pictures.Values]);
    }

    private ChartPicture Of(string chart) => _pictures[chart];
}
