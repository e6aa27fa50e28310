using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>The organisation's virtual gateways, and the form for a new one.</summary>
public sealed partial class GatewaysPage(GatewayAdmin gateways, NavigationManager navigation) : OrganizationPage
{
    private List<GatewayDetails>? _gateways;
    private string? _error;
    private bool _adding;

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    protected override Task OnInitializedAsync() => LoadAsync();

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        List<GatewayDetails> found = [];
        string? after = null;
        do
        {
            Page<GatewayDetails> page = await gateways.ListAsync(actor, after, GatewayAdmin.LargestPage, Left);
            found.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);
        _gateways = found;
    });

    /// <summary>A new gateway is empty: its members come next, on its page.</summary>
    private void OnAdded(GatewayDetails added)
    {
        Toasts.Show(Tone.Good, $"Gateway “{added.Gateway.Name}” added");
        navigation.NavigateTo(DashboardUrls.Gateway(Organization, added.Gateway.Slug));
    }
}
