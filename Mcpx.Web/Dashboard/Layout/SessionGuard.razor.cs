using System.Data.Common;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>
/// Shows its content while the person's session lasts. A circuit is one long connection that no cookie is checked on, so
/// it has to look itself: at once when this replica hears of a revocation, and every few seconds for what it does not
/// hear, such as the session's own end. What somebody does is checked besides, see <see cref="DashboardSession"/>.
/// </summary>
public sealed partial class SessionGuard(TimeProvider time, NavigationManager navigation, ChangeFeed changes) : ComponentBase, IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _left = new();
    private IDisposable? _subscription;
    private bool _ended;

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    private string Here => "/" + navigation.ToBaseRelativePath(navigation.Uri);

    public void Dispose()
    {
        _subscription?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive || await Session.SignedInAsync() is not { } me) return;
        _subscription = changes.Subscribe(change =>
        {
            // Not awaited: whoever revokes must not wait for the pages of the person.
            if (change.Kind is ChangeKind.Session && change.Id == me.Session.Value) _ = InvokeAsync(LookAsync);
            return ValueTask.CompletedTask;
        });
        _ = WatchAsync();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookAgain, time);
        try
        {
            while (!_ended && await timer.WaitForNextTickAsync(_left.Token)) await InvokeAsync(LookAsync);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
    }

    private async Task LookAsync()
    {
        if (_ended || _left.IsCancellationRequested) return;
        try
        {
            if (await Session.IsLiveAsync(_left.Token)) return;
        }
        catch (Exception e) when (e is DbException or TimeoutException or OperationCanceledException)
        {
            // Not knowing is no reason to throw somebody out; every action asks again anyway.
            return;
        }

        _ended = true;
        StateHasChanged();
    }
}
