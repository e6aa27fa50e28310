using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>
/// The charts of a page. They share one script module, one crosshair, and one interop call per tick:
/// <see cref="PushAsync"/>. Chart data never passes through Blazor's rendering.
/// </summary>
public sealed partial class ChartGroup(IJSRuntime js) : ComponentBase, IAsyncDisposable
{
    private readonly string _id = ElementIds.Next("charts");
    private Task<IJSObjectReference>? _module;
    private int _mounted;

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    /// <summary>Sends the newest values. Ticks before the first chart is on the screen are dropped: its history has them.</summary>
    public async Task PushAsync(ChartTick tick)
    {
        if (_mounted == 0 || tick.Deltas.Count == 0) return;
        await CallAsync("push", tick.Time, tick.Deltas);
    }

    /// <summary>Shows another time in charts that are on the screen, all in one call.</summary>
    public async Task ShowAsync(IReadOnlyList<ChartPicture> pictures)
    {
        if (_mounted == 0) return;
        await CallAsync("show", pictures.Select(p => new
        {
            id = p.Id, windowMs = (long)p.Window.TotalMilliseconds, stepMs = (long)p.Step.TotalMilliseconds, history = p.History, bands = p.Bands, zoom = p.ZoomUrl,
        }));
    }

    /// <summary>Whether somebody can see the page; false where that can't be told any more.</summary>
    public async Task<bool> IsVisibleAsync()
    {
        bool visible = false;
        await GuardAsync(async module => visible = await module.InvokeAsync<bool>("isVisible"));
        return visible;
    }

    public async ValueTask DisposeAsync()
    {
        if (_module is null) return;
        await CallAsync("dispose");
        try
        {
            await (await _module).DisposeAsync();
        }
        catch (Exception e) when (e is JSDisconnectedException or ObjectDisposedException or OperationCanceledException)
        {
            // The circuit is gone, and the browser's side with it; the module may even have been on its way still.
        }
    }

    internal async Task MountAsync(ElementReference root, object config)
    {
        await CallAsync("mount", root, config);
        _mounted++;
    }

    internal async Task UnmountAsync(string chart)
    {
        if (_mounted > 0) _mounted--;
        await CallAsync("unmount", chart);
    }

    private Task CallAsync(string function, params object?[] arguments) =>
        GuardAsync(async module => await module.InvokeVoidAsync(function, [_id, .. arguments]));

    private async Task GuardAsync(Func<IJSObjectReference, Task> use)
    {
        try
        {
            _module ??= js.InvokeAsync<IJSObjectReference>("import", "./" + Assets["charts.js"]).AsTask();
            await use(await _module);
        }
        catch (Exception e) when (e is JSDisconnectedException or ObjectDisposedException or OperationCanceledException)
        {
            // The person has left the page; a tick that finds nobody is no failure.
        }
    }
}
