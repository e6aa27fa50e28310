using Mcpx.Core.Metrics;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Calls;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>The organisation's servers, and the form for a new one.</summary>
public sealed partial class ServersPage(ServerAdmin servers, MetricsQuery metrics, SnapshotKeeper snapshots) : OrganizationPage
{
    private static readonly TimeRange Hour = TimeRange.Find("1h")!;

    private IReadOnlyList<ServerRow>? _rows;
    private string? _error;
    private bool _adding;

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "add")]
    private bool Add { get; set; }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        // A dialog needs the browser's script, so it opens after the first rendering and not while prerendering.
        if (!firstRender || !Add) return;
        _adding = true;
        StateHasChanged();
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        var page = await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, Left);
        var shares = (await metrics.ByServerAsync(actor, Hour.Span, Left)).ToDictionary(share => share.Server);
        var rules = snapshots.Current.Governance;
        _rows = [.. page.Items.Select(details => new ServerRow(details, rules.Find(actor.Organization, details.Server.Id),
            shares.GetValueOrDefault(details.Server.Id), Address.To(DashboardUrls.Endpoint(Organization, details.Server.Slug))))];
    });

    private string CallsOf(ServerRow row, string? outcome) =>
        DashboardUrls.Calls(Organization, new CallsQuery(Server: row.Server.Slug, Outcome: outcome, Range: Hour.Key));

    private async Task OnAddedAsync(ServerDetails added)
    {
        _adding = false;
        Toasts.Show(Tone.Good, $"Server “{added.Server.Name}” added");
        await LoadAsync();
    }
}
