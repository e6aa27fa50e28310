using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>How many took how long, over time: the darker a field, the more calls. With crosshair and a table for screen readers.</summary>
public sealed partial class HeatMap : ChartBase
{
    [Parameter, EditorRequired]
    public IReadOnlyList<ChartBand> Bands { get; set; } = [];

    /// <summary>Shown while nothing is: what will make something appear.</summary>
    [Parameter]
    public string EmptyText { get; set; } = "No calls in this time yet.";

    private protected override string Kind => "heat";

    private protected override IReadOnlyList<ChartSeries> Lines => [];

    private protected override IReadOnlyList<ChartBand> Rows => Bands;
}
