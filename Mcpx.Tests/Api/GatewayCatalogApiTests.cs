using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Gateways;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

public sealed class GatewayCatalogApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Described = """{"tools":[{"name":"get","description":"Gets 💶 \ud83d"},{"name":"drop","description":"Drops"},{"name":"odd"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_tool_is_told_with_its_server_its_names_and_the_rule_that_blocks_it()
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless: true);
        upstream.Capabilities = ListingUpstream.Everything;
        upstream.Lists = (method, _) => method switch
        {
            "tools/list" => Described,
            "prompts/list" => """{"prompts":[{"name":"greet","description":"Greets"}]}""",
            "resources/list" => """{"resources":[{"uri":"file:///a","name":"a"}]}""",
            _ => """{"resourceTemplates":[{"uriTemplate":"file:///{x}","name":"x","description":"Any"}]}""",
        };
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "d*");
        // A description with half a surrogate pair is one that nobody could approve.
        await gateway.TrustDefinitionsAsync(id);
        var path = await AddAsync(new { server = slug, prefix = "p_", overrides = new[] { new { tool = "drop", name = "remove", description = "Removes" } } });

        var shown = await ReadAsync(path);

        shown["tools"]!.AsArray().Select(t => t!.ToJsonString()).ShouldBe(
        [
            Parsed($$"""{"name":"p_get","server":"{{id}}","serverSlug":"{{slug}}","upstreamName":"get","description":null,"blocked":null,"dependsOnCaller":false}"""),
            Parsed($$$"""{"name":"p_remove","server":"{{{id}}}","serverSlug":"{{{slug}}}","upstreamName":"drop","description":"Removes","blocked":{"rule":"blocklist:d*","reason":"The blocklist names “d*”."},"dependsOnCaller":false}"""),
            Parsed($$"""{"name":"p_odd","server":"{{id}}","serverSlug":"{{slug}}","upstreamName":"odd","description":null,"blocked":null,"dependsOnCaller":false}"""),
        ]);
        ((string?)shown["prompts"]![0]!["name"], (string?)shown["prompts"]![0]!["upstreamName"], (string?)shown["prompts"]![0]!["description"]).ShouldBe(("p_greet", "greet", "Greets"));
        ((string?)shown["resources"]![0]!["uri"]).ShouldBe("file:///a");
        ((string?)shown["resourceTemplates"]![0]!["uriTemplate"], (string?)shown["resourceTemplates"]![0]!["description"]).ShouldBe(("file:///{x}", "Any"));
        shown["conflicts"]!.AsArray().ShouldBeEmpty();
        var member = shown["members"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)member["serverSlug"], (string?)member["status"], (string?)member["reason"], (string?)member["message"]).ShouldBe((slug, "fresh", null, null));
        member["readAt"].ShouldNotBeNull();
        ((int)member["tools"]!, (int)member["blockedTools"]!, (int)member["prompts"]!, (int)member["resources"]!, (int)member["resourceTemplates"]!).ShouldBe((2, 1, 1, 1, 1));
        ((string?)member["circuit"]!["phase"]).ShouldBe("closed");
        await Eventually.TrueAsync(async () => (await ReadAsync(path))["members"]![0]!["protocol"]?["eras"]?.ToJsonString() == """["session","stateless"]""", "its era is known", null, Cancelled);
    }

    [Fact]
    public async Task A_member_that_is_down_says_why_and_comes_back_with_a_refresh()
    {
        await using var up = await ListingUpstream.StartAsync();
        await using var down = await ListingUpstream.StartAsync();
        down.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);
        var (first, _) = await gateway.AddUpstreamAsync(up.Url);
        var (second, secondId) = await gateway.AddUpstreamAsync(down.Url);
        var (off, offId) = await gateway.AddUpstreamAsync(up.Url);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{offId}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);
        var path = await AddAsync(new { server = first, prefix = "a_" }, new { server = second, prefix = "b_" }, new { server = off, prefix = "c_" });

        States(await ReadAsync(path)).ShouldBe([(first, "fresh", null), (second, "missing", CatalogReasons.Unreachable), (off, "missing", CatalogReasons.ServerDisabled)]);

        down.Instead = null;
        States(await RefreshAsync(path))[1].ShouldBe((second, "fresh", null));
        down.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 401);
        var stale = await RefreshAsync(path);
        States(stale)[1].ShouldBe((second, "stale", CatalogReasons.Unauthorized));
        ((string?)stale["members"]![1]!["message"]).ShouldBe("The server refuses the credential (401).");
        stale["members"]![1]!["readAt"].ShouldNotBeNull();
        stale["tools"]!.AsArray().Select(t => (string?)t!["name"]).ShouldBe(["a_get", "b_get"]);
        States(await ReadAsync(path)).ShouldBe(States(stale));
        // Calls to it fail as its lists do, and its circuit opens.
        down.Instead = (http, _) => FakeUpstream.JsonAsync(http, "{}", 503);
        for (var i = 0; i < 5; i++) await gateway.PostAsync(second, Mcp.Call("get"));
        var circuit = (await ReadAsync(path))["members"]!.AsArray().Single(m => (string?)m!["server"] == secondId)!["circuit"]!;
        ((string?)circuit["phase"], circuit["since"] is not null).ShouldBe(((string?)"open", true));
    }

    [Fact]
    public async Task A_conflict_says_who_claims_the_name_and_ends_with_a_prefix()
    {
        await using var one = await ListingUpstream.StartAsync();
        await using var other = await ListingUpstream.StartAsync();
        one.Lists = (_, _) => ListingUpstream.Tools("get_user", "list", "twice", "twice");
        other.Lists = (_, _) => ListingUpstream.Tools("get_user", "lіst", "own");
        var (first, firstId) = await gateway.AddUpstreamAsync(one.Url);
        var (second, secondId) = await gateway.AddUpstreamAsync(other.Url);
        var path = await AddAsync(new { server = first }, new { server = second });

        var shown = await ReadAsync(path);

        shown["tools"]!.AsArray().Select(t => (string?)t!["name"]).ShouldBe(["own"]);
        var conflicts = shown["conflicts"]!.AsArray();
        conflicts.Select(c => ((string?)c!["kind"], (string?)c["name"], (string?)c["reason"])).ShouldBe(
            [("tool", "get_user", "same_name"), ("tool", "list", "looks_alike"), ("tool", "twice", "name_twice"), ("tool", "lіst", "looks_alike")]);
        conflicts[0]!["claimants"]!.ToJsonString().ShouldBe(
            $$"""[{"server":"{{firstId}}","serverSlug":"{{first}}","upstreamName":"get_user"},{"server":"{{secondId}}","serverSlug":"{{second}}","upstreamName":"get_user"}]""");
        ((string?)conflicts[0]!["message"]).ShouldBe($"“get_user” is offered by {first} and {second}; give one of them a prefix, or the tool another name.");
        ((string?)conflicts[1]!["message"]).ShouldBe(
            $"“list” looks like another name: “list” of {first} and “lіst” of {second}. An agent could take one for the other; give one of the servers a prefix, or the tool another name.");
        ((string?)conflicts[2]!["message"]).ShouldBe($"The server {first} lists “twice” twice; that has to be mended there.");

        (await gateway.ApiAsync(HttpMethod.Patch, path, new { members = new object[] { new { server = first }, new { server = second, prefix = "two_" } } })).Status.ShouldBe(HttpStatusCode.OK);
        var mended = await ReadAsync(path);
        mended["conflicts"]!.AsArray().Select(c => (string?)c!["name"]).ShouldBe(["twice"]);
        mended["tools"]!.AsArray().Select(t => (string?)t!["name"]).ShouldBe(["get_user", "list", "two_get_user", "two_lіst", "two_own"]);
    }

    [Fact]
    public async Task Refreshes_at_once_ask_a_member_once_at_a_time()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var path = await AddAsync(new { server = slug });
        await ReadAsync(path);
        await Eventually.TrueAsync(() => upstream.Listings >= 1, "it was asked", Cancelled);
        int atOnce = 0, most = 0;
        upstream.Instead = async (http, request) =>
        {
            // Only the list itself is one request per reading.
            bool isList = request.Text.Contains("tools/list", StringComparison.Ordinal);
            if (isList) most = Math.Max(most, Interlocked.Increment(ref atOnce));
            await DashboardVisits.Offering("new")(http, request);
            if (isList) Interlocked.Decrement(ref atOnce);
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => gateway.ApiAsync(HttpMethod.Post, path + "/refresh")));

        answers.ShouldAllBe(a => a.Status == HttpStatusCode.OK);
        answers.ShouldAllBe(a => (string?)a.Json["tools"]![0]!["name"] == "new");
        most.ShouldBe(1);
        upstream.Listings.ShouldBeLessThan(10);
    }

    [Fact]
    public async Task Only_those_who_may_see_or_ask()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var path = await AddAsync(new { server = slug });
        var stranger = await Stranger.CreateAsync(gateway);
        var reader = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "r", scopes = new[] { "api:read" } })).Json["token"]!.GetValue<string>();

        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, path + "/catalog", null, stranger.Token), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Post, path + "/refresh", null, stranger.Token), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Post, path + "/refresh", null, reader), 403);
        (await gateway.ApiAsync(HttpMethod.Get, path + "/catalog", null, reader)).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var id in new[] { "no-id", Guid.Empty.ToString(), "%EF%BF%BF", "..%2f..%2fservers" })
        {
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, $"/api/gateways/{id}/catalog"), 404);
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Post, $"/api/gateways/{id}/refresh"), 404);
        }

        EntityId.TryParse(path.Split('/')[^1], out GatewayId gatewayId).ShouldBeTrue();
        var explainer = gateway.Services.GetRequiredService<GatewayExplainer>();
        var member = gateway.Owner with { Role = Role.Member };
        (await explainer.ShowAsync(member, gatewayId, Cancelled)).Tools.ShouldHaveSingleItem();
        explainer.MembersOf(member)[gatewayId].ShouldHaveSingleItem().State.Status.ShouldBe(MemberStatus.Fresh);
        await Should.ThrowAsync<RefusalException.Forbidden>(() => explainer.RefreshAsync(member, gatewayId, Cancelled));
    }

    [Fact]
    public async Task A_gateway_without_members_shows_nothing()
    {
        var shown = await ReadAsync(await AddAsync());

        shown.ToJsonString().ShouldBe("""{"members":[],"tools":[],"prompts":[],"resources":[],"resourceTemplates":[],"conflicts":[]}""");
    }

    private static List<(string?, string?, string?)> States(JsonNode shown) =>
        [.. shown["members"]!.AsArray().Select(m => ((string?)m!["serverSlug"], (string?)m["status"], (string?)m["reason"]))];

    private static string Parsed(string json) => JsonNode.Parse(json)!.ToJsonString();

    private async Task<string> AddAsync(params object[] members)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "g", slug = "g" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true), members });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return $"/api/gateways/{made.Json["id"]}";
    }

    private async Task<JsonNode> ReadAsync(string path) => OkOf(await gateway.ApiAsync(HttpMethod.Get, path + "/catalog"));

    private async Task<JsonNode> RefreshAsync(string path) => OkOf(await gateway.ApiAsync(HttpMethod.Post, path + "/refresh"));

    private static JsonNode OkOf(HttpAnswer answer)
    {
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }
}
