using System.Data.Common;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Web;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>
/// The frame of an organisation's pages. It finds the viewer for the organisation in the address, and looks again every
/// few seconds: somebody who was removed must not go on reading on a page that was open.
/// </summary>
public sealed partial class MainLayout(TimeProvider time, NavigationManager navigation, ChangeFeed changes) : LayoutComponentBase, IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _left = new();
    private bool _disposed;
    private IDisposable? _subscription;
    private DashboardViewer? _viewer;
    private Dictionary<NavigationKey, string> _counts = [];
    private IReadOnlyList<Membership>? _memberships;
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

    /// <summary>Fires when the page is left; a look that goes on behind that ends at once.</summary>
    private CancellationToken Left => _disposed ? new CancellationToken(true) : _left.Token;

    public void Dispose()
    {
        _subscription?.Dispose();
        _disposed = true;
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
        if (!firstRender || !RendererInfo.IsInteractive) return;
        _subscription = changes.Subscribe(OnChange);
        _ = WatchAsync();
    }

    /// <summary>A role or a name that changed shows at once; the look every few seconds finds what nobody told of.</summary>
    private ValueTask OnChange(Change change)
    {
        bool isOurs = change.Kind is ChangeKind.Member && change.Id == _viewer?.User.Value
            || change.Kind is ChangeKind.Configuration && change.Id == _viewer?.OrganizationId.Value;
        // Not awaited: whoever changed something does not wait for our drawing.
        if (isOurs && !_removed) _ = InvokeAsync(LookAgainAsync);
        return ValueTask.CompletedTask;
    }

    private async Task LookAsync()
    {
        string organization = _organization!;
        DashboardViewer? viewer = await Session.FindViewerAsync(organization, Left);
        // Again when name, role or organisation changed.
        IReadOnlyList<Membership>? memberships = viewer is null || viewer == _viewer ? _memberships : await Session.MembershipsAsync(Left);
        // The person has gone on to another organisation meanwhile: that one's look tells.
        if (organization != _organization) return;
        // Kept together and at the end: after a viewer whose memberships could not be read, the next look would see no
        // difference and never ask for them again.
        (_viewer, _memberships) = (viewer, memberships);
        if (viewer is not null) _counts = CountsOf(viewer);
    }

    private Dictionary<NavigationKey, string> CountsOf(DashboardViewer viewer)
    {
        var routes = Snapshots.Current.Gateways.Find(viewer.OrganizationId);
        return new()
        {
            [NavigationKey.Servers] = (routes?.Count ?? 0).ToString("N0"),
            [NavigationKey.Gateways] = (routes?.Gateways.Count() ?? 0).ToString("N0"),
            [NavigationKey.ToolDefinitions] = Snapshots.Current.Pins.PendingOf(viewer.OrganizationId) is > 0 and var waiting ? waiting.ToString("N0") : "",
        };
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookAgain, time);
        try
        {
            while (await timer.WaitForNextTickAsync(Left))
            {
                await InvokeAsync(LookAgainAsync);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task LookAgainAsync()
    {
        if (_viewer is null || _removed || _disposed) return;
        var (before, countsBefore) = (_viewer, _counts);
        try
        {
            await LookAsync();
        }
        catch (Exception e) when (e is DbException or TimeoutException or OperationCanceledException)
        {
            // Not knowing is no reason to throw somebody out; every action asks again anyway.
            return;
        }

        _removed = _viewer is null;
        if (_viewer == before && _counts.All(count => countsBefore.GetValueOrDefault(count.Key) == count.Value)) _viewer = before;
        else StateHasChanged();
    }
}
