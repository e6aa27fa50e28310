using Mcpx.Core.Calls;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>One server: what it is, how clients reach it, what they may do there, and what they did.</summary>
public sealed partial class ServerPage(ServerAdmin servers, GatewayExplainer explainer, ToolPinAdmin pins, NavigationManager navigation) : OrganizationPage
{
    private const int RecentCalls = 10;

    private ServerDetails? _details;
    private CallFilter _recent = new();
    private IReadOnlyList<string>? _tools;
    private ServerDependents? _dependents;
    private string? _dependentsError;
    private string? _asked;
    private string? _error;
    private bool _editing;
    private int _waiting;

    [Parameter]
    public string Slug { get; set; } = "";

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    private string Endpoint => Address.To(DashboardUrls.Endpoint(Organization, _details!.Server.Slug));

    protected override async Task OnParametersSetAsync()
    {
        // The frame may render once more with the old slug after a rename: that is no reason to look for it.
        if (Slug == _asked) return;
        _asked = Slug;
        if (_details?.Server.Slug == Slug) return;
        bool unknown = false;
        _error = await ReadAsync(async actor =>
        {
            try
            {
                Show(await servers.GetBySlugAsync(actor, Slug, Left));
                // What a gateway or a client has asked for already need not be asked for again.
                _tools = explainer.PeekTools(actor, _details!.Server);
                _waiting = pins.Summarize(actor).GetValueOrDefault(_details.Server.Id, PinSummary.Unread).Pending;
            }
            catch (RefusalException.NotFound)
            {
                unknown = true;
            }
        });
        if (unknown) navigation.NotFound();
    }

    private void Show(ServerDetails details)
    {
        if (_details?.Server.Id != details.Server.Id) _tools = null;
        _details = details;
        _recent = new CallFilter(details.Server.Id, Size: RecentCalls);
    }

    private async Task ToggleAsync()
    {
        bool on = !_details!.Server.Enabled;
        if (await TryAsync(async actor => Show(await servers.UpdateAsync(actor, _details.Server.Id, new ServerChange(Enabled: on), Left))))
            Toasts.Show(Tone.Good, on ? $"“{_details.Server.Name}” takes calls again" : $"“{_details.Server.Name}” is off: its calls are refused");
    }

    /// <summary>The test also found out how the server is spoken to, and that stands among its facts.</summary>
    private async Task OnTestedAsync(ConnectionReport report)
    {
        if (report.Ok) _tools = report.ToolNames;
        await TryAsync(async actor => Show(await servers.GetAsync(actor, _details!.Server.Id, Left)));
    }

    private async Task LoadDependentsAsync()
    {
        _dependents = null;
        _dependentsError = await ReadAsync(async actor => _dependents = await servers.FindDependentsAsync(actor, _details!.Server.Id, Left));
    }

    private async Task DeleteAsync()
    {
        var server = _details!.Server;
        if (!await TryAsync(actor => servers.DeleteAsync(actor, server.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Server “{server.Name}” deleted");
        navigation.NavigateTo(DashboardUrls.Servers(Organization));
    }

    private void OnSaved(ServerDetails saved)
    {
        _editing = false;
        Toasts.Show(Tone.Good, $"“{saved.Server.Name}” saved");
        bool moved = saved.Server.Slug != Slug;
        Show(saved);
        if (moved) navigation.NavigateTo(DashboardUrls.Server(Organization, saved.Server.Slug), replace: true);
    }
}
