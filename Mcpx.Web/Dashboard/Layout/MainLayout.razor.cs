using System.Data.Common;
using Mcpx.Core.Proxy;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Web;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>
/// The frame of an organisation's pages. It finds the viewer for the organisation in the address, and looks again every
/// few seconds: somebody who was removed must not go on reading on a page that was open.
/// </summary>
public sealed partial class MainLayout(TimeProvider time, NavigationManager navigation) : LayoutComponentBase, IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _left = new();
    private DashboardViewer? _viewer;
    private Dictionary<NavigationKey, string> _counts = [];
    private ErrorBoundary? _boundary;
    private string? _organization;
    private bool _signedIn;
    private bool _removed;

    [CascadingParameter]
    private Task<AuthenticationState>? AuthenticationState { get; set; }

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    [Inject]
    private SnapshotKeeper Snapshots { get; set; } = null!;

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        _boundary?.Recover();
        _signedIn = AuthenticationState is { } state && (await state).User.Identity?.IsAuthenticated is true;
        string organization = Uri.UnescapeDataString(navigation.ToBaseRelativePath(navigation.Uri).Split('/', '?', '#')[0]);
        if (!_signedIn || organization == _organization) return;
        _organization = organization;
        _removed = false;
        await LookAsync();
        if (_viewer is null) navigation.NotFound();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _ = WatchAsync();
    }

    private async Task LookAsync()
    {
        _viewer = await Session.FindViewerAsync(_organization!, _left.Token);
        if (_viewer is not null) _counts = CountsOf(_viewer);
    }

    private Dictionary<NavigationKey, string> CountsOf(DashboardViewer viewer)
    {
        var routes = Snapshots.Current.Gateways.Find(viewer.OrganizationId);
        return new()
        {
            [NavigationKey.Servers] = (routes?.Count ?? 0).ToString("N0"),
            [NavigationKey.Gateways] = (routes?.Gateways.Count() ?? 0).ToString("N0"),
        };
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookAgain, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_left.Token))
            {
                if (_viewer is not null && !_removed) await InvokeAsync(LookAgainAsync);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task LookAgainAsync()
    {
        var (before, countsBefore) = (_viewer, _counts);
        try
        {
            await LookAsync();
        }
        catch (DbException)
        {
            // Not knowing is no reason to throw somebody out; every action asks again anyway.
            return;
        }

        _removed = _viewer is null;
        if (_viewer == before && _counts.All(count => countsBefore.GetValueOrDefault(count.Key) == count.Value)) _viewer = before;
        else StateHasChanged();
    }
}
