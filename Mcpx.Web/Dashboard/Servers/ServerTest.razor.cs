using Mcpx.Core.Servers;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>Tests a server as it is stored.</summary>
public sealed partial class ServerTest(ConnectionTest test) : OrganizationPart
{
    private ConnectionReport? _report;
    private bool _running;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    [Parameter]
    public EventCallback<ConnectionReport> OnTested { get; set; }

    private async Task RunAsync()
    {
        if (_running) return;
        (_running, _report) = (true, null);
        await TryAsync(async actor => _report = await test.RunAsync(actor, Server.Id, Left));
        _running = false;
        if (_report is not null) await OnTested.InvokeAsync(_report);
    }
}
