using Mcpx.DemoServers.Crm;
using Mcpx.DemoServers.Finance;
using Mcpx.DemoServers.Hr;
using Mcpx.DemoServers.Tickets;
using Mcpx.SampleHosting;

namespace Mcpx.DemoServers;

/// <summary>The demo servers as one small application: alone in a process, or inside a test or a gateway's demo profile.</summary>
public static class DemoServersApp
{
    /// <summary>Builds the application without starting it. It reads its arguments and <c>MCPX_DEMO_*</c> only.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An argument or variable has no usable value.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = SampleApp.CreateBuilder();
        builder.Configuration
            .AddEnvironmentVariables(DemoOptions.EnvironmentPrefix)
            .AddCommandLine(args, DemoOptions.Switches);
        var options = DemoOptions.From(builder.Configuration);
        TokenDesk desk = new(DemoOptions.TicketsClient, options.TicketsSecret, TimeProvider.System);
        var app = builder.Build(options.Port, nameof(Mcpx), FinanceTools.Server(options), HrTools.Server(options), CrmTools.Server(), TicketTools.Server(desk));
        desk.Map(app);
        return app;
    }

    /// <summary>Builds and starts; the caller stops and disposes it.</summary>
    public static Task<WebApplication> StartAsync(string[] args, CancellationToken cancellationToken = default) =>
        Build(args).StartedAsync(cancellationToken);

    /// <summary>The MCP endpoint of one server (<c>finance</c>, <c>hr</c>, <c>crm</c>, <c>tickets</c>) of a started application.</summary>
    public static Uri UrlOf(this WebApplication app, string server)
    {
        ArgumentNullException.ThrowIfNull(app);
        return new Uri(new Uri(app.Urls.First()), DemoServer.PathOf(server));
    }
}
