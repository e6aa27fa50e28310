using System.Text;
using System.Text.Json;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;

namespace Mcpx.Tests.Gateways;

/// <summary>Gateways and catalogues in a few words.</summary>
internal static class Catalogs
{
    private static readonly TestClock Clock = new();

    public static Organization Organization { get; } = new(EntityId.New<OrganizationId>(Clock), "acme", "Acme");

    public static ServerRoute Server(Uri? url = null, bool enabled = true, string prefix = "")
    {
        var id = EntityId.New<ServerId>(Clock);
        return new ServerRoute(Organization, new UpstreamServer(id, Organization.Id, $"s{id.Value:N}", "Server", "", url ?? new Uri("http://127.0.0.1:9/mcp"),
            UpstreamServer.DefaultTimeoutSeconds, enabled, Clock.GetUtcNow(), Clock.GetUtcNow()) { ToolPrefix = prefix }, null);
    }

    /// <param name="prefix">Null takes the server's.</param>
    public static MemberRoute Member(ServerRoute? server = null, string? prefix = "", string[]? tools = null, params ToolOverride[] overrides)
    {
        server ??= Server();
        return new MemberRoute(new GatewayMember(server.Server.Id, prefix, tools, overrides), server);
    }

    public static GatewayRoute Gateway(params MemberRoute[] members) => new(Organization,
        new VirtualGateway(EntityId.New<GatewayId>(Clock), Organization.Id, "all", "All", "", FailureMode.Open, true,
            [.. members.Select(m => m.Member)], Clock.GetUtcNow(), Clock.GetUtcNow()), members);

    public static ServerCatalog Catalog(MemberRoute member, string[]? tools = null, string[]? prompts = null, string[]? resources = null, string[]? templates = null, string capabilities = "{}") =>
        Catalog(member.Member.Server, Items("name", tools), Items("name", prompts), Items("uri", resources), Items("uriTemplate", templates), capabilities);

    public static ServerCatalog Catalog(ServerId server, CatalogItem[] tools, CatalogItem[]? prompts = null, CatalogItem[]? resources = null, CatalogItem[]? templates = null, string capabilities = "{}") =>
        new(server, tools, prompts ?? [], resources ?? [], templates ?? [], Encoding.UTF8.GetBytes(capabilities), null, Clock.GetUtcNow(), null);

    public static CatalogItem Item(string key, string json) => new(key, Encoding.UTF8.GetBytes(json));

    public static GatewayCatalog Compile(GatewayRoute gateway, params ServerCatalog[] catalogs) => GatewayCatalog.Compile(gateway, catalogs.ToDictionary(c => c.Server));

    public static string Text(this ExposedItem item) => Encoding.UTF8.GetString(item.Json.Span);

    private static CatalogItem[] Items(string key, string[]? names) => [.. (names ?? []).Select(n => Item(n, $$"""{"{{key}}":{{JsonSerializer.Serialize(n)}}}"""))];
}
