using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>Lines and bands over time, with legend, crosshair and a table for screen readers.</summary>
public sealed partial class LineChart : ChartBase
{
    [Parameter, EditorRequired]
    public IReadOnlyList<ChartSeries> Series { get; set; } = [];

    /// <summary>The axis never ends below this: small noise must not fill the whole height.</summary>
    [Parameter]
    public double? Minimum { get; set; }

    /// <summary>Shown until the first point: what will make one appear.</summary>
    [Parameter]
    public string EmptyText { get; set; } = "No calls in this time yet.";

    private protected override string Kind => "line";

    private protected override IReadOnlyList<ChartSeries> Lines => Series;

    private protected override double? Floor => Minimum;
}
