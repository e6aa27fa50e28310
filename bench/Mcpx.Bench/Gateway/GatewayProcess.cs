using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Mcpx.Bench.Accounting;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Gateway;

/// <summary>What the gateway says when it is up for the first time: who may administer it, and where.</summary>
internal sealed record GatewayWelcome(string Url, string Token, string Organization);

/// <summary>The built gateway with its private PostgreSQL, in a directory that is thrown away with it.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private const string ReadyPrefix = "MCPX_READY ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    // PostgreSQL's own directories come and go while they are listed: do not descend into them.
    private static readonly EnumerationOptions NearTheTop = new() { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true };

    private readonly string _assembly;
    private readonly DirectoryInfo _scratch;
    private readonly Uri _url;
    private readonly IReadOnlyDictionary<string, string> _variables;
    private ChildProcess? _process;

    private GatewayProcess(string assembly, DirectoryInfo scratch, Uri url, IReadOnlyDictionary<string, string> variables) =>
        (_assembly, _scratch, _url, _variables) = (assembly, scratch, url, variables);

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("The gateway is not running");

    private string DataDirectory => Path.Combine(_scratch.FullName, "data");

    /// <param name="variables">In its environment, besides what it needs.</param>
    public static async Task<(GatewayProcess Gateway, GatewayWelcome Welcome)> StartNewAsync(
        string assembly, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var scratch = Directory.CreateTempSubdirectory("mcpx-bench-");
        // PostgreSQL runs as another user than root and has to come through here to its own directory.
        if (!OperatingSystem.IsWindows()) scratch.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        var gateway = new GatewayProcess(assembly, scratch, new Uri($"http://127.0.0.1:{FreePort.Next()}"), variables);
        try
        {
            gateway._process = gateway.StartProcess();
            var said = await gateway._process.ReadyAsync(StartTimeout, cancellationToken);
            await gateway.UntilReadyAsync(cancellationToken);
            var welcome = JsonSerializer.Deserialize<GatewayWelcome>(said, JsonSerializerOptions.Web);
            return (gateway, welcome ?? throw new BenchException($"Not a welcome: {said}"));
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the gateway, starts it on the same data, and says how long it took until /readyz was 200.</summary>
    public async Task<TimeSpan> RestartAsync(CancellationToken cancellationToken)
    {
        if (_process is not null) await _process.DisposeAsync();
        var start = Native.MonotonicNanoseconds();
        _process = StartProcess();
        await UntilReadyAsync(cancellationToken);
        return TimeSpan.FromMicroseconds((Native.MonotonicNanoseconds() - start) / 1000.0);
    }

    /// <summary>The postmaster, wherever in the data directory its pid file is and whoever its parent is.</summary>
    public IReadOnlyCollection<int> DatabaseRoots() =>
    [
        .. Directory.EnumerateFiles(DataDirectory, "postmaster.pid", NearTheTop)
            .Select(file => int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture)),
    ];

    /// <summary>How to reach its database beside the gateway: the socket's directory, the port, the superuser's password.</summary>
    public (string Socket, string Port, string Password) DatabaseAccess()
    {
        // Process, data directory, time of start, port.
        var lines = File.ReadAllLines(Directory.EnumerateFiles(DataDirectory, "postmaster.pid", NearTheTop).Single());
        var socket = Directory.EnumerateDirectories(DataDirectory, "socket", NearTheTop).FirstOrDefault()
            ?? throw new BenchException("The database's socket is not below its data: set TMPDIR to a shorter path");
        var password = Directory.EnumerateFiles(DataDirectory, "password", NearTheTop).Single();
        return (socket, lines[3], File.ReadAllText(password).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _scratch.Delete(recursive: true);
    }

    private ChildProcess StartProcess()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Path.GetDirectoryName(_assembly),
            ArgumentList = { _assembly },
            Environment =
            {
                ["MCPX_DATA"] = DataDirectory,
                ["MCPX_DEMO"] = "off",
                ["MCPX_WELCOME"] = "json",
                ["ASPNETCORE_URLS"] = _url.GetLeftPart(UriPartial.Authority),
                ["PUBLIC_URL"] = _url.GetLeftPart(UriPartial.Authority),
                ["EGRESS_ALLOW"] = "127.0.0.0/8,::1/128",
                // Room for 10,000 clients, each with a stream that stands.
                ["MCPX_MAX_CALLS"] = "20000",
            },
        };
        foreach (var (name, value) in _variables) start.Environment[name] = value;
        return ChildProcess.Start("gateway", start, ReadyPrefix);
    }

    private async Task UntilReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        var deadline = Native.MonotonicNanoseconds() + (long)StartTimeout.TotalNanoseconds;
        while (Native.MonotonicNanoseconds() < deadline)
        {
            _process!.ThrowIfEnded();
            if (await IsReadyAsync(http, cancellationToken)) return;
            await Task.Delay(PollInterval, cancellationToken);
        }
        throw new BenchException($"/readyz was not 200 within {StartTimeout.TotalSeconds:0} s");
    }

    private async Task<bool> IsReadyAsync(HttpMessageInvoker http, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_url, "/readyz"));
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
