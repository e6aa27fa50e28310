using Mcpx.Core.Health;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>Says when calls to a server are refused because it failed too often; nothing while they pass.</summary>
public sealed partial class CircuitNotice(GatewayExplainer explainer) : OrganizationPart
{
    private CircuitState? _circuit;
    private IDisposable? _watch;

    [Parameter, EditorRequired]
    public ServerId Server { get; set; }

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
        CircuitState? before = _circuit;
        await LookAsync();
        if (_circuit != before) StateHasChanged();
    }

    private Task LookAsync() => ReadAsync(actor =>
    {
        _circuit = explainer.CircuitOf(actor, Server);
        return Task.CompletedTask;
    });
}
