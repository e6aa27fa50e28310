using System.Diagnostics;
using System.Globalization;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary><c>@modelcontextprotocol/server-everything</c>, the session era's reference server, on a free port.</summary>
public sealed class EverythingServer : IAsyncLifetime
{
    private Process? _process;

    public Uri Url { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        _process = NodeProgram.Start(
            [NodeProgram.PathOf("@modelcontextprotocol", "server-everything", "dist", "index.js"), "streamableHttp"],
            new Dictionary<string, string> { ["PORT"] = port });
        Url = new Uri($"http://127.0.0.1:{port}/mcp");
        // It prints a line for each request; nobody reads them, and a full pipe would stop it.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        (await _process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldNotBeNull().ShouldContain(port);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
