using Mcpx.Core.Calls.Search;
using Mcpx.Core.Health;
using Mcpx.Core.Metrics;
using Mcpx.Core.Proxy;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>The organisation's servers, and the form for a new one.</summary>
public sealed partial class ServersPage(ServerAdmin servers, MetricsQuery metrics, SnapshotKeeper snapshots, GatewayExplainer explainer) : OrganizationPage
{
    private static readonly TimeRange Hour = TimeRange.Find("1h")!;

    private IReadOnlyList<ServerRow>? _rows;
    private IReadOnlyList<string> _tags = [];
    private string? _asked;
    private string? _error;
    private bool _adding;

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "add")]
    private bool Add { get; set; }

    /// <summary>Only servers with it; all when it is empty.</summary>
    [SupplyParameterFromQuery(Name = "tag")]
    private string? Tag { get; set; }

    private string Heading => _rows is null ? "Servers" : (_rows.Count == 1 ? "1 server" : $"{_rows.Count:N0} servers") + (string.IsNullOrEmpty(Tag) ? "" : $" with “{Tag}”");

    private IReadOnlyList<SegmentItem> TagItems =>
    [
        new("All", DashboardUrls.Servers(Organization), string.IsNullOrEmpty(Tag)),
        .. _tags.Select(tag => new SegmentItem(tag, DashboardUrls.Servers(Organization, tag), tag == Tag)),
    ];

    protected override async Task OnParametersSetAsync()
    {
        string asked = $"{Organization} {Tag}";
        if (_asked == asked) return;
        _asked = asked;
        await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        // A dialog needs the browser's script, so it opens after the first rendering and not while prerendering.
        if (!firstRender || !Add) return;
        _adding = true;
        StateHasChanged();
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        var page = await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, Tag, Left);
        _tags = await servers.ListTagsAsync(actor, Left);
        var shares = (await metrics.ByServerAsync(actor, Hour.Span, Left)).ToDictionary(share => share.Server);
        var rules = snapshots.Current.Governance;
        var pins = snapshots.Current.Pins;
        _rows = [.. page.Items.Select(details => new ServerRow(details, rules.Find(actor.Organization, details.Server.Id),
            shares.GetValueOrDefault(details.Server.Id), Address.To(DashboardUrls.Endpoint(Organization, details.Server.Slug)), ServerHealth.Of(details.Server, explainer.CircuitOf(actor, details.Server.Id)),
            pins.Find(actor.Organization, details.Server.Id)?.Pending ?? 0))];
    });

    private string CallsOf(ServerRow row, string? outcome) =>
        DashboardUrls.Calls(Organization, new CallQuery(Server: row.Server.Slug, Outcome: outcome, Range: Hour.Key));

    private async Task OnAddedAsync(ServerDetails added)
    {
        _adding = false;
        Toasts.Show(Tone.Good, $"Server “{added.Server.Name}” added");
        await LoadAsync();
    }
}
