using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>
/// A chart renders its frame once; from then on charts.js owns what is inside. To show other series, give the
/// component another @key.
/// </summary>
public abstract class ChartBase : ComponentBase, IAsyncDisposable
{
    private bool _mounted;
    private bool _rendered;

    /// <summary>The name by which ticks address this chart, unique in its group.</summary>
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    /// <summary>What the chart shows, in words; also its label for screen readers.</summary>
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>"ms", "calls/s", "%"; shown with every value.</summary>
    [Parameter]
    public string Unit { get; set; } = "";

    [Parameter]
    public int Decimals { get; set; }

    [Parameter]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(2);

    [Parameter]
    public ChartHistory History { get; set; } = ChartHistory.Empty;

    /// <summary>Between two times of the history; zero where points come as they come.</summary>
    [Parameter]
    public TimeSpan Step { get; set; }

    /// <summary>The address of a stretch that is dragged over, with FROM and UNTIL for its ends; null where there is none.</summary>
    [Parameter]
    public string? ZoomUrl { get; set; }

    [CascadingParameter]
    private ChartGroup? Group { get; set; }

    private protected ElementReference Root { get; set; }

    private protected abstract string Kind { get; }

    private protected abstract IReadOnlyList<ChartSeries> Lines { get; }

    private protected virtual double? Floor => null;

    private protected virtual IReadOnlyList<ChartBand> Rows => [];

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_mounted && Group is not null) await Group.UnmountAsync(Id);
    }

    protected override bool ShouldRender() => !_rendered;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || Group is null) return;
        _rendered = _mounted = true;
        await Group.MountAsync(Root, new
        {
            id = Id,
            kind = Kind,
            title = Title,
            unit = Unit,
            decimals = Decimals,
            floor = Floor,
            windowMs = (long)Window.TotalMilliseconds,
            stepMs = (long)Step.TotalMilliseconds,
            zoom = ZoomUrl,
            bands = Rows,
            series = Lines.Select(line => new { name = line.Name, color = Word(line.Color), fill = Word(line.Fill) }),
            history = History,
        });
    }

    private protected static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
