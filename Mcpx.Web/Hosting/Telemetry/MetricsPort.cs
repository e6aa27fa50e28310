using System.Globalization;

namespace Mcpx.Web.Hosting.Telemetry;

/// <summary>
/// A web server of its own for <c>METRICS_PORT</c>. A scraper comes to a replica by its address, which the public name's guard
/// refuses; and what is not in this server, no mistake in a route can show there.
/// </summary>
internal sealed partial class MetricsPort(TelemetrySettings settings, MetricsDoor door, ILogger<MetricsPort> logger) : IHostedService, IAsyncDisposable
{
    private WebApplication? _server;

    /// <exception cref="ConfigurationException">The port can't be had.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://*:{settings.MetricsPort!.Value.ToString(CultureInfo.InvariantCulture)}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        WebApplication server = builder.Build();
        server.Run(door.AnswerOnOwnPortAsync);
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await server.DisposeAsync();
            throw new ConfigurationException([$"METRICS_PORT can't be used: {e.Message}"]);
        }

        _server = server;
        LogListening(logger, settings.MetricsPort.Value);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    [LoggerMessage(6300, LogLevel.Information, "Figures are served on port {Port} at /metrics, to everybody who reaches it.")]
    private static partial void LogListening(ILogger logger, int port);
}
