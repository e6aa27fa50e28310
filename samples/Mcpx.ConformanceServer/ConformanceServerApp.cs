using System.Globalization;
using Mcpx.SampleHosting;

namespace Mcpx.ConformanceServer;

/// <summary>
/// The fixture server that the official MCP conformance suite expects: tools, prompts and resources with fixed names and
/// answers, in both eras on one address or in one of them.
/// </summary>
public static class ConformanceServerApp
{
    public const string Path = "/mcp";

    /// <summary>Builds the application without starting it.</summary>
    /// <param name="args">
    /// <c>--port</c>; 0 lets the system choose a free one. <c>--eras</c>: <c>session</c>, <c>stateless</c> or <c>both</c>.
    /// </param>
    /// <exception cref="ArgumentException">The port is none, or the eras are.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = SampleApp.CreateBuilder();
        builder.Configuration.AddCommandLine(args);
        var port = builder.Configuration["port"] ?? "3200";
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > 65535)
            throw new ArgumentException($"--port must be a number from 0 to 65535, not '{port}'.", nameof(args));

        var eras = builder.Configuration["eras"] ?? "both";
        var events = new EventLog();
        return builder.Build(number, nameof(Mcpx), new SampleServer(Path, new Guard.Open(), new Fixtures().CreateOptions) { Events = events, Eras = ErasOf(eras) });
    }

    /// <summary>Builds and starts; the caller stops and disposes it.</summary>
    public static Task<WebApplication> StartAsync(string[] args, CancellationToken cancellationToken = default) =>
        Build(args).StartedAsync(cancellationToken);

    private static ServedEras ErasOf(string text) => text switch
    {
        "session" => ServedEras.Session,
        "stateless" => ServedEras.Stateless,
        "both" => ServedEras.Both,
        _ => throw new ArgumentException($"--eras must be session, stateless or both, not '{text}'.", nameof(text)),
    };
}
