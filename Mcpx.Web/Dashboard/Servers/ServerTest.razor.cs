using Mcpx.Core.Servers;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>Tests a server as it is stored.</summary>
public sealed partial class ServerTest(ConnectionTest test) : OrganizationPart
{
    private ConnectionRun? _run;
    private bool _running;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    [Parameter]
    public EventCallback<ConnectionReport> OnTested { get; set; }

    private async Task RunAsync()
    {
        if (_running) return;
        _running = true;
        ConnectionRun run = _run = new ConnectionRun();
        ConnectionReport? report = null;
        bool done = await TryAsync(async actor => report = await test.RunAsync(actor, Server.Id, step => Show(run, step), Left));
        run.End();
        _running = false;
        if (!done) _run = null;
        if (report is not null) await OnTested.InvokeAsync(report);
    }

    private void Show(ConnectionRun run, ConnectionStep step)
    {
        run.Take(step);
        _ = InvokeAsync(StateHasChanged);
    }
}
