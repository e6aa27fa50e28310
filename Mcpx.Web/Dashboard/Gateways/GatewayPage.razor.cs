using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>One virtual gateway: what it is, how clients reach it, and which servers stand behind it.</summary>
public sealed partial class GatewayPage(GatewayAdmin gateways, NavigationManager navigation) : OrganizationPage
{
    private const int RecentCalls = 10;

    private GatewayDetails? _details;
    private MembersCard? _members;
    private IReadOnlyList<MemberHealth>? _health;
    private CallFilter _recent = new();
    private string? _asked;
    private string? _error;
    private bool _editing;

    [Parameter]
    public string Slug { get; set; } = "";

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    private string Endpoint => Address.To(DashboardUrls.GatewayEndpoint(Organization, _details!.Gateway.Slug));

    protected override async Task OnParametersSetAsync()
    {
        // The frame may render once more with the old slug after a rename: that is no reason to look for it.
        if (Slug == _asked) return;
        _asked = Slug;
        if (_details?.Gateway.Slug != Slug) await LoadAsync();
    }

    private async Task LoadAsync()
    {
        bool unknown = false;
        _error = await ReadAsync(async actor =>
        {
            try
            {
                _details = await gateways.GetBySlugAsync(actor, Slug, Left);
                _recent = new CallFilter(Gateway: _details.Gateway.Id, Size: RecentCalls);
            }
            catch (RefusalException.NotFound)
            {
                unknown = true;
            }
        });
        if (unknown) navigation.NotFound();
    }

    private async Task ToggleAsync()
    {
        var gateway = _details!.Gateway;
        bool on = !gateway.Enabled;
        if (await TryAsync(async actor => _details = await gateways.UpdateAsync(actor, gateway.Id, new GatewayChange(Enabled: on), Left)))
            Toasts.Show(Tone.Good, on ? $"“{gateway.Name}” takes calls again" : $"“{gateway.Name}” is off: its calls are refused");
    }

    private async Task DeleteAsync()
    {
        var gateway = _details!.Gateway;
        if (!await TryAsync(actor => gateways.DeleteAsync(actor, gateway.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Gateway “{gateway.Name}” deleted");
        navigation.NavigateTo(DashboardUrls.Gateways(Organization));
    }

    private void OnSaved(GatewayDetails saved)
    {
        _editing = false;
        Toasts.Show(Tone.Good, $"“{saved.Gateway.Name}” saved");
        _details = saved;
        if (saved.Gateway.Slug != Slug) navigation.NavigateTo(DashboardUrls.Gateway(Organization, saved.Gateway.Slug), replace: true);
    }
}
