using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>The organisation's virtual gateways, and the form for a new one.</summary>
public sealed partial class GatewaysPage(GatewayAdmin gateways, GatewayExplainer explainer, NavigationManager navigation) : OrganizationPage
{
    private List<GatewayDetails>? _gateways;
    private IReadOnlyDictionary<GatewayId, IReadOnlyList<MemberHealth>>? _states;
    private IDisposable? _watch;
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
        (_gateways, _states) = (found, explainer.MembersOf(actor));
    });

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive) return;
        _error = await ReadAsync(actor =>
        {
            _watch = explainer.Watch(actor, OnChange);
            return Task.CompletedTask;
        }) ?? _error;
    }

    protected override void Dispose(bool disposing)
    {
        _watch?.Dispose();
        base.Dispose(disposing);
    }

    private void OnChange() => _ = InvokeAsync(async () =>
    {
        if (Left.IsCancellationRequested || _gateways is null) return;
        // The rows stay when this fails: they say less, not something else.
        await ReadAsync(actor =>
        {
            _states = explainer.MembersOf(actor);
            return Task.CompletedTask;
        });
        StateHasChanged();
    });

    /// <summary>A new gateway is empty: its members come next, on its page.</summary>
    private void OnAdded(GatewayDetails added)
    {
        Toasts.Show(Tone.Good, $"Gateway “{added.Gateway.Name}” added");
        navigation.NavigateTo(DashboardUrls.Gateway(Organization, added.Gateway.Slug));
    }
}
