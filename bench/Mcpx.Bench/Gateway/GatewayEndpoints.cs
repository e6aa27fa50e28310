using Mcpx.Bench.Load;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Gateway;

/// <summary>The gateway's endpoints that are measured: servers of either era, and virtual gateways over them.</summary>
internal sealed class GatewayEndpoints
{
    private const string Prefix = "b_";
    private const string Same = "bench";
    private const string Metadata = "bench-metadata";
    private const string SessionOnly = "bench-session";
    private const string StatelessOnly = "bench-stateless";
    private const string OverSession = "over-session";
    private const string OverStateless = "over-stateless";

    private readonly GatewayAdmin _admin;
    private readonly LoadTarget _direct;

    private GatewayEndpoints(GatewayAdmin admin, LoadTarget direct) => (_admin, _direct) = (admin, direct);

    /// <summary>The raw leg: a server that speaks as the client does.</summary>
    public LoadTarget Raw => _admin.Through("server", Same, _direct);

    /// <summary>The same server once more, of whose calls no payload is kept.</summary>
    public LoadTarget MetadataOnly => _admin.Through("server", Metadata, _direct);

    /// <summary>A stateless client, and a server that has sessions only.</summary>
    public LoadTarget BridgeToSession => _admin.Through("server", SessionOnly, _direct with { Era = WireEra.Stateless });

    /// <summary>A client with a session, and a server that knows none.</summary>
    public LoadTarget BridgeToStateless => _admin.Through("server", StatelessOnly, _direct with { Era = WireEra.Session });

    /// <summary>A virtual gateway whose member speaks as the client does; the name in the call is not the server's.</summary>
    public LoadTarget Virtual => OverMember(_direct.Era);

    /// <summary>A virtual gateway whose member speaks the other era.</summary>
    public LoadTarget VirtualBridge => OverMember(_direct.Era == WireEra.Session ? WireEra.Stateless : WireEra.Session);

    /// <summary>Where clients with sessions stay connected: raw leg, bridge, virtual gateway.</summary>
    public IReadOnlyList<(string Name, LoadTarget Target)> OfSessions
    {
        get
        {
            var client = _direct with { Era = WireEra.Session };
            return
            [
                ("server", _admin.Through("server", SessionOnly, client)),
                ("bridge", _admin.Through("server", StatelessOnly, client)),
                ("virtual gateway", _admin.Through("gateway", OverSession, client with { Tool = Prefix + McpWire.ToolName })),
            ];
        }
    }

    public static async Task<GatewayEndpoints> CreateAsync(GatewayAdmin admin, LoadTarget direct, CancellationToken cancellationToken)
    {
        var endpoints = new GatewayEndpoints(admin, direct);
        await admin.AddServerAsync(Same, direct.Endpoint, direct.Token, cancellationToken);
        var metadata = await admin.AddServerAsync(Metadata, direct.Endpoint, direct.Token, cancellationToken);
        await admin.KeepMetadataOnlyAsync(metadata, cancellationToken);
        await endpoints.AddServerAsync(SessionOnly, UpstreamEras.Session, 1, cancellationToken);
        await endpoints.AddServerAsync(StatelessOnly, UpstreamEras.Stateless, 1, cancellationToken);
        await admin.AddGatewayAsync(OverSession, [(SessionOnly, Prefix)], cancellationToken);
        await admin.AddGatewayAsync(OverStateless, [(StatelessOnly, Prefix)], cancellationToken);
        return endpoints;
    }

    /// <summary>Registers as many servers, all at the one upstream, and makes a virtual gateway of them; its list is the target.</summary>
    public async Task<LoadTarget> AddManyAsync(int members, int toolsEach, CancellationToken cancellationToken)
    {
        var gateway = $"many-{members}";
        var names = Enumerable.Range(1, members).Select(number => $"m{members}x{number:000}").ToArray();
        foreach (var name in names) await AddServerAsync(name, UpstreamEras.Both, toolsEach, cancellationToken);
        await _admin.AddGatewayAsync(gateway, names.Select(name => (name, $"{name}_")), cancellationToken);
        return _admin.Through("gateway", gateway, _direct with { ListedTools = members * toolsEach });
    }

    /// <summary>One server with so many tools; its list is the target.</summary>
    public async Task<LoadTarget> AddListedAsync(int tools, CancellationToken cancellationToken)
    {
        var slug = $"tools-{tools}";
        await AddServerAsync(slug, UpstreamEras.Both, tools, cancellationToken);
        return _admin.Through("server", slug, Listed(_direct, tools));
    }

    /// <summary>The upstream's endpoint with so many tools, reached as <paramref name="target"/> is; its list is the target.</summary>
    public static LoadTarget Listed(LoadTarget target, int tools) => target with
    {
        Endpoint = new Uri(target.Endpoint, McpWire.PathOf(UpstreamEras.Both, target.Shape, tools)),
        ListedTools = tools,
    };

    private Task AddServerAsync(string slug, UpstreamEras eras, int tools, CancellationToken cancellationToken) =>
        _admin.AddServerAsync(slug, new Uri(_direct.Endpoint, McpWire.PathOf(eras, _direct.Shape, tools)), _direct.Token, cancellationToken);

    private LoadTarget OverMember(WireEra era) => _admin.Through(
        "gateway", era == WireEra.Session ? OverSession : OverStateless, _direct with { Tool = Prefix + McpWire.ToolName });
}
