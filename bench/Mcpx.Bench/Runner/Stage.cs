using System.Security.Cryptography;
using System.Text.Json;
using Mcpx.Bench.Baselines;
using Mcpx.Bench.Gateway;
using Mcpx.Bench.Load;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Upstream;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Runner;

/// <summary>All processes of a run, up at the same time: rounds can then alternate between them.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly List<IAsyncDisposable> _processes = [];
    private readonly List<Configuration> _configurations = [];
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<GatewayAdmin> _admins = [];
    private readonly List<string> _leftOut = [];
    private (GatewayProcess Gateway, GatewayEndpoints Endpoints)? _other;
    private Uri _upstream = new("http://127.0.0.1");

    public IReadOnlyList<Configuration> Configurations => _configurations;

    /// <summary>What was asked for and cannot be measured here, and why.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    public IReadOnlyList<string> Versions => [.. _configurations.Where(one => one.Version is not null).Select(one => $"{one.Name} {one.Version}")];

    public GatewayProcess? Gateway { get; private set; }

    /// <summary>What the gateway serves; null when it is not part of the run.</summary>
    public GatewayEndpoints? Endpoints { get; private set; }

    public int UpstreamProcessId { get; private set; }

    public static async Task<Stage> SetUpAsync(RunOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var stage = new Stage();
        try
        {
            var direct = await stage.AddUpstreamAsync(options, cancellationToken);
            if (options.UsesGateway) await stage.AddGatewaysAsync(direct, options, progress, cancellationToken);
            foreach (var name in options.Configurations)
            {
                var configuration = name switch
                {
                    Configuration.Direct => new Configuration(name, direct, null, null, TimeSpan.Zero),
                    Configuration.Passthrough => await stage.AddPassthroughAsync(direct, cancellationToken),
                    Configuration.Nginx => await stage.AddNginxAsync(direct, cancellationToken),
                    _ => await ThroughAsync(stage.Gateway!, stage.Endpoints!, name, options.Settle, cancellationToken),
                };
                if (configuration is not null) stage._configurations.Add(configuration);
                if (stage._other is { } other && Configuration.IsGateways(name))
                    stage._configurations.Add(await ThroughAsync(other.Gateway, other.Endpoints, name, options.Settle, cancellationToken) with { Name = Configuration.OfOther(name) });
            }
            if (options.WithPeers) await stage.AddPeersAsync(options, progress, cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public async Task<UpstreamStats> UpstreamStatsAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_upstream, "/stats"));
        using var answer = await _http.SendAsync(request, cancellationToken);
        var said = await answer.Content.ReadAsStringAsync(cancellationToken);
        return JsonSerializer.Deserialize<UpstreamStats>(said, JsonSerializerOptions.Web)
            ?? throw new BenchException("The upstream lost its counters");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var admin in _admins) admin.Dispose();
        foreach (var process in Enumerable.Reverse(_processes)) await process.DisposeAsync();
    }

    private async Task<LoadTarget> AddUpstreamAsync(RunOptions options, CancellationToken cancellationToken)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var process = ChildProcess.StartRole(UpstreamHost.Role, secret);
        _processes.Add(process);
        _upstream = new Uri(await process.ReadyAsync(StartTimeout, cancellationToken));
        UpstreamProcessId = process.Id;
        var endpoint = new Uri(_upstream, McpWire.PathOf(options.Era == WireEra.Session ? UpstreamEras.Session : UpstreamEras.Both, options.Shape));
        return new LoadTarget(endpoint, secret, options.Era, options.Shape, options.AnswerBytes);
    }

    private async Task<Configuration> AddPassthroughAsync(LoadTarget direct, CancellationToken cancellationToken)
    {
        var process = ChildProcess.StartRole(PassthroughHost.Role, _upstream.AbsoluteUri);
        _processes.Add(process);
        var url = new Uri(await process.ReadyAsync(StartTimeout, cancellationToken));
        var target = direct with { Endpoint = new Uri(url, direct.Endpoint.AbsolutePath) };
        return new Configuration(Configuration.Passthrough, target, process.Id, null, TimeSpan.Zero);
    }

    private async Task<Configuration?> AddNginxAsync(LoadTarget direct, CancellationToken cancellationToken)
    {
        if (NginxProcess.Find() is not { } program)
        {
            _leftOut.Add(NginxProcess.Missing);
            return null;
        }
        var nginx = await NginxProcess.StartAsync(program, _upstream, cancellationToken);
        _processes.Add(nginx);
        var target = direct with { Endpoint = new Uri(nginx.Url, direct.Endpoint.AbsolutePath) };
        return new Configuration(Configuration.Nginx, target, nginx.ProcessId, null, TimeSpan.Zero) { WholeTree = true };
    }

    private async Task AddPeersAsync(RunOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var peers = await Peer.InstallAsync(progress, cancellationToken);
        foreach (var name in Peer.All)
        {
            var peer = await Peer.StartAsync(name, peers, cancellationToken);
            _processes.Add(peer);
            // Sessions whatever the run's era: in the other one supergateway starts a program for each call.
            var target = new LoadTarget(peer.Endpoint, "none", WireEra.Session, AnswerShape.Sse, options.AnswerBytes);
            _configurations.Add(new Configuration(name, target, peer.ProcessId, null, options.Settle) { OwnCalls = () => peer.Calls, Version = peer.Version });
        }
    }

    private async Task AddGatewaysAsync(LoadTarget direct, RunOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var assembly = await GatewayBuild.LocateAsync(options.Gateway, progress, cancellationToken);
        var nothing = new Dictionary<string, string>(StringComparer.Ordinal);
        (Gateway, Endpoints) = await AddGatewayAsync(assembly, nothing, direct, progress, cancellationToken);
        if (!options.HasOther) return;
        var other = options.Against is { } given ? await GatewayBuild.LocateAsync(given, progress, cancellationToken) : assembly;
        _other = await AddGatewayAsync(other, options.AgainstVariables, direct, progress, cancellationToken);
    }

    private async Task<(GatewayProcess Gateway, GatewayEndpoints Endpoints)> AddGatewayAsync(
        string assembly, IReadOnlyDictionary<string, string> variables, LoadTarget direct, TextWriter progress, CancellationToken cancellationToken)
    {
        await progress.WriteLineAsync("starting the gateway on an empty database …");
        var (gateway, welcome) = await GatewayProcess.StartNewAsync(assembly, variables, cancellationToken);
        _processes.Add(gateway);
        var admin = new GatewayAdmin(welcome);
        _admins.Add(admin);
        return (gateway, await GatewayEndpoints.CreateAsync(admin, direct, cancellationToken));
    }

    private static async Task<Configuration> ThroughAsync(
        GatewayProcess gateway, GatewayEndpoints endpoints, string name, TimeSpan settle, CancellationToken cancellationToken)
    {
        var target = name switch
        {
            Configuration.BridgeToSession => endpoints.BridgeToSession,
            Configuration.BridgeToStateless => endpoints.BridgeToStateless,
            Configuration.McpxMetadata => endpoints.MetadataOnly,
            Configuration.Virtual => endpoints.Virtual,
            Configuration.VirtualBridge => endpoints.VirtualBridge,
            _ => endpoints.Raw,
        };
        await GatewayAdmin.UntilCallableAsync(target, cancellationToken);
        return new Configuration(name, target, gateway.ProcessId, gateway.DatabaseRoots, settle);
    }
}
