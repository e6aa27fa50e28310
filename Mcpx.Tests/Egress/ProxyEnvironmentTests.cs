using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

/// <summary>
/// A process whose environment names a proxy. Through one, the proxy would resolve and connect, and the check of addresses
/// would have looked at the proxy's own.
/// </summary>
public sealed class ProxyEnvironmentTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Calls_tokens_tests_and_the_policy_engine_go_past_a_proxy_in_the_environment()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}";
        await using var issuer = await FakeAuthorizationServer.StartAsync();
        await using var engine = await FakeUpstream.StartAsync();
        engine.Probe = null;
        engine.Answer = (http, _) => FakeUpstream.JsonAsync(http, """{"result":true}""");
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        issuer.Guard(upstream);
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url, issuer.Credential());
        (await gateway.ApiAsync(HttpMethod.Put, "/api/policy-engine", new { url = engine.Url, enabled = true, cacheSeconds = 0 })).Status.ShouldBe(HttpStatusCode.OK);
        using ScratchFolder journal = new("proxy-environment");
        Dictionary<string, string> environment = new()
        {
            ["HTTP_PROXY"] = address, ["HTTPS_PROXY"] = address, ["ALL_PROXY"] = address, ["NO_PROXY"] = "",
            ["http_proxy"] = address, ["https_proxy"] = address, ["all_proxy"] = address, ["no_proxy"] = "",
        };
        // What the gateway beside it gets for itself does not count: it has asked, and keeps its token.
        await Eventually.TrueAsync(() => !issuer.Requests.IsEmpty, "the gateway beside it has its token", TestContext.Current.CancellationToken);
        var before = issuer.Requests.Select(r => r.Token).ToHashSet();
        await using var process = await GatewayProcess.StartAsync(gateway, journal, environment, "--EGRESS_ALLOW=127.0.0.0/8");

        (await process.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/server/{slug}", gateway.Token, Mcp.Call("balance"),
            ("Accept", "application/json, text/event-stream"))).ShouldBe(HttpStatusCode.OK);
        var call = upstream.Requests.Single(r => r.Text.Contains("tools/call", StringComparison.Ordinal));
        var token = call.Headers["Authorization"]["Bearer ".Length..];
        issuer.Requests.Select(r => r.Token).ShouldContain(token);
        before.ShouldNotContain(token);
        engine.Requests.ShouldNotBeEmpty();

        (await process.SendAsync(HttpMethod.Post, $"/api/servers/{id}/test", gateway.Token)).ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json["lastTest"]!["ok"]!.GetValue<bool>().ShouldBeTrue();
        foreach (var draft in new[] { upstream.Url.ToString(), upstream.Url.ToString().Replace("http:", "https:", StringComparison.Ordinal) })
            (await process.SendAsync(HttpMethod.Post, "/api/servers/test", gateway.Token, new JsonObject { ["url"] = draft }.ToJsonString())).ShouldBe(HttpStatusCode.OK);

        proxy.Pending().ShouldBeFalse("nobody came to the proxy");
        // It does hear who comes.
        using TcpClient visitor = new();
        await visitor.ConnectAsync((IPEndPoint)proxy.LocalEndpoint, TestContext.Current.CancellationToken);
        proxy.Pending().ShouldBeTrue();
    }
}
