using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Mcpx.Web.Dashboard.Charts;

/// <summary>
/// A small part of a page that moves by itself. It ticks only where somebody can see it (never while prerendering),
/// and only itself is rendered again, not the page around it.
/// </summary>
public abstract class TickingComponent(TimeProvider time) : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _left = new();

    protected TimeProvider Time { get; } = time;

    protected virtual TimeSpan Interval => TimeSpan.FromSeconds(1);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _left.CancelAsync();
        _left.Dispose();
    }

    /// <summary>Runs on the circuit's dispatcher; the component is rendered afterwards.</summary>
    protected abstract Task OnTickAsync(CancellationToken cancellationToken);

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _ = TickAsync();
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(Interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                await OnTickAsync(_left.Token);
                StateHasChanged();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or JSDisconnectedException)
        {
            // The page was left.
        }
        catch (Exception e)
        {
            // Otherwise the loop would end in silence, and the figures would stand still without a word.
            await DispatchExceptionAsync(e);
        }
    }
}
