using System.Net;
using Mcpx.DemoServers.Crm;
using Mcpx.DemoServers.Finance;
using Mcpx.DemoServers.Hosting;
using Mcpx.DemoServers.Hr;

namespace Mcpx.DemoServers;

/// <summary>The demo servers as one small application: alone in a process, or inside a test or a gateway's demo profile.</summary>
public static class DemoServersApp
{
    /// <summary>
    /// Builds the application without starting it. It reads its arguments and <c>MCPX_DEMO_*</c> only: inside another
    /// host it must not pick up that host's <c>appsettings.json</c>, <c>ASPNETCORE_URLS</c> or Kestrel endpoints.
    /// </summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An argument or variable has no usable value.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration
            .AddEnvironmentVariables(DemoOptions.EnvironmentPrefix)
            .AddCommandLine(args, DemoOptions.Switches);
        var options = DemoOptions.From(builder.Configuration);

        builder.Logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Mcpx.DemoServers", LogLevel.Information)
            // The SDK warns, with a stack trace, of each request that it refuses; the caller has the answer already.
            .AddFilter("ModelContextProtocol", LogLevel.Error)
            // A taken port is told by Program in one line, and thrown to whoever embeds this.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .AddSimpleConsole(console => console.SingleLine = true);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SessionTable>();

        var app = builder.Build();
        app.Use(LoopbackOnly.InvokeAsync);
        app.MapGet("/healthz", context => context.Response.WriteAsync("ok", context.RequestAborted));
        DemoServer[] servers = [FinanceTools.Server(options), HrTools.Server(options), CrmTools.Server()];
        foreach (var server in servers)
            ActivatorUtilities.CreateInstance<McpEndpoint>(app.Services, server).Map(app);

        app.Lifetime.ApplicationStarted.Register(() => Log.Listening(app.Logger, string.Join(", ", servers.Select(server => app.UrlOf(server.Name)))));
        return app;
    }

    /// <summary>Builds and starts; the caller stops and disposes it.</summary>
    public static async Task<WebApplication> StartAsync(string[] args, CancellationToken cancellationToken = default)
    {
        var app = Build(args);
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>The MCP endpoint of one server (<c>finance</c>, <c>hr</c>, <c>crm</c>) of a started application.</summary>
    public static Uri UrlOf(this WebApplication app, string server)
    {
        ArgumentNullException.ThrowIfNull(app);
        return new Uri(new Uri(app.Urls.First()), $"/{server}/mcp");
    }
}
