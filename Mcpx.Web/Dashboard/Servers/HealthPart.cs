using Mcpx.Core.Health;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A part of a page that follows how calls to a server fare at this replica.</summary>
public abstract class HealthPart(GatewayExplainer explainer) : OrganizationPart
{
    private IDisposable? _watch;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    /// <summary>Null until it was looked at.</summary>
    protected ServerHealth? Health { get; private set; }

    protected override Task OnParametersSetAsync() => LookAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive) return;
        await ReadAsync(actor =>
        {
            _watch = explainer.Watch(actor, () => _ = InvokeAsync(FollowAsync));
            return Task.CompletedTask;
        });
    }

    protected override void Dispose(bool disposing)
    {
        _watch?.Dispose();
        base.Dispose(disposing);
    }

    private async Task FollowAsync()
    {
        if (Left.IsCancellationRequested) return;
        ServerHealth? before = Health;
        await LookAsync();
        if (Health != before) StateHasChanged();
    }

    private Task LookAsync() => ReadAsync(actor =>
    {
        Health = ServerHealth.Of(Server, explainer.CircuitOf(actor, Server.Id));
        return Task.CompletedTask;
    });
}
