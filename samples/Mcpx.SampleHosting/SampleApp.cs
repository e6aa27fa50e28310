using System.Net;

namespace Mcpx.SampleHosting;

/// <summary>Several MCP servers as one small application on loopback: alone in a process, or inside another host.</summary>
internal static class SampleApp
{
    /// <summary>Empty: inside another host it must not pick up that host's <c>appsettings.json</c>, <c>ASPNETCORE_URLS</c> or Kestrel endpoints.</summary>
    public static WebApplicationBuilder CreateBuilder() => WebApplication.CreateEmptyBuilder(new WebApplicationOptions());

    /// <param name="port">0 lets the system choose a free one.</param>
    /// <param name="name">The program's namespace, whose log messages are shown.</param>
    public static WebApplication Build(this WebApplicationBuilder builder, int port, string name, params IReadOnlyList<SampleServer> servers)
    {
        builder.Logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter(name, LogLevel.Information)
            // The SDK logs a stack trace for each request that it refuses or asks input for; the caller has the answer already.
            .AddFilter("ModelContextProtocol", LogLevel.Critical)
            // A taken port is told by the program in one line, and thrown to whoever embeds this.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .AddSimpleConsole(console => console.SingleLine = true);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SessionTable>();

        var app = builder.Build();
        app.Use(LoopbackOnly.InvokeAsync);
        app.MapGet("/healthz", context => context.Response.WriteAsync("ok", context.RequestAborted));
        foreach (var server in servers)
            ActivatorUtilities.CreateInstance<McpEndpoint>(app.Services, server).Map(app);
        app.Lifetime.ApplicationStarted.Register(() => Log.Listening(app.Logger, string.Join(", ", servers.Select(server => new Uri(new Uri(app.Urls.First()), server.Path)))));
        return app;
    }

    /// <summary>Starts it; the caller stops and disposes it.</summary>
    public static async Task<WebApplication> StartedAsync(this WebApplication app, CancellationToken cancellationToken)
    {
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
}
