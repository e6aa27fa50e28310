using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>The recent shape of one figure, without axes.</summary>
public sealed partial class Sparkline : ChartBase
{
    [Parameter]
    public ChartColor Color { get; set; }

    private protected override string Kind => "spark";

    private protected override IReadOnlyList<ChartSeries> Lines => [new(Title, Color, ChartFill.Area)];
}
