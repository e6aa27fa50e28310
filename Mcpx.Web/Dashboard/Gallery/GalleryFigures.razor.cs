using Mcpx.Web.Dashboard.Charts;

namespace Mcpx.Web.Dashboard.Gallery;

/// <summary>The moving part of the gallery: the tiles are rendered per tick, the charts get one delta for all of them.</summary>
public sealed partial class GalleryFigures(TimeProvider time) : TickingComponent(time)
{
    internal static readonly IReadOnlyList<ChartSeries> Latency =
    [
        new("p50", ChartColor.Blue),
        new("p95", ChartColor.Amber, ChartFill.Previous),
        new("p99", ChartColor.Rose, ChartFill.Previous),
    ];

    internal static readonly IReadOnlyList<ChartSeries> Calls =
    [
        new("all", ChartColor.Indigo, ChartFill.Area),
        new("refused", ChartColor.Amber),
        new("failed", ChartColor.Rose),
    ];

    private ChartGroup? _charts;
    private GalleryHistory _history = null!;

    private GallerySample Now { get; set; } = null!;

    protected override void OnInitialized()
    {
        _history = GalleryHistory.Until(Time.GetUtcNow());
        Now = GallerySample.At(Time.GetUtcNow());
    }

    protected override async Task OnTickAsync(CancellationToken cancellationToken)
    {
        var at = Time.GetUtcNow();
        Now = GallerySample.At(at);
        if (_charts is null) return;
        await _charts.PushAsync(new ChartTick(at)
            .Add("rate", Now.Rate)
            .Add("p95", Now.P95)
            .Add("errors", Now.Errors)
            .Add("latency", Now.P50, Now.P95, Now.P99)
            .Add("calls", Now.Rate, Now.Refused, Now.Failed));
    }
}
