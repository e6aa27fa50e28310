using System.Net;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

/// <summary>An organisation's list of hosts, from REST to the connection.</summary>
public sealed class AllowedHostsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private GatewayFixture _gateway = null!;
    private FakeUpstream _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = new GatewayFixture(postgres);
        await _gateway.StartAsync();
        _upstream = await FakeUpstream.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_list_holds_for_what_is_saved_and_for_the_next_request_on_an_open_connection()
    {
        var (slug, id) = await _gateway.AddUpstreamAsync(_upstream.Url);
        (await _gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        await PutAsync("api.example.com", "*.corp.example");
        var before = _upstream.Requests.Count + _upstream.Probes.Count;

        ((string?)(await _gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("upstream_unreachable");
        ((string?)(await _gateway.CallsOfAsync(slug))[0]["reason"]).ShouldNotBeNull().ShouldContain("not on the organisation's list");
        var test = (await _gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test")).Json["steps"]!.AsArray();
        ((string?)test[0]!["state"], (string?)test[1]!["state"]).ShouldBe(("skipped", "failed"));
        (_upstream.Requests.Count + _upstream.Probes.Count).ShouldBe(before);

        var refused = await _gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "outside", url = "https://api.example.org/mcp" });
        (refused.Status, refused.Json["errors"]!["url"] is not null).ShouldBe((HttpStatusCode.BadRequest, true));
        (await _gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "inside", url = "https://mcp.corp.example/mcp" })).Status.ShouldBe(HttpStatusCode.Created);
        // What does not touch the address may be changed.
        (await _gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { name = "renamed" })).Status.ShouldBe(HttpStatusCode.OK);

        await PutAsync("127.0.0.1");
        (await _gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
    }

    [Fact]
    public async Task It_holds_for_token_endpoints_too()
    {
        await using var issuer = await FakeAuthorizationServer.StartAsync();
        issuer.Guard(_upstream);
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url, new
        {
            kind = "clientCredentials", clientId = FakeAuthorizationServer.ClientId, secret = FakeAuthorizationServer.ClientSecret,
            tokenUrl = issuer.TokenUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal),
        });
        (await _gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        var asked = issuer.Requests.Count;

        await PutAsync("127.0.0.1");
        issuer.Revoke();

        ((string?)(await _gateway.PostAsync(slug, Mcp.Call("get"))).Json["error"]!["data"]!["reason"]).ShouldBe("token_unavailable");
        issuer.Requests.Count.ShouldBe(asked);
        var refused = await _gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "x", url = _upstream.Url, credential = new { kind = "clientCredentials", clientId = "c", secret = "s", tokenUrl = "https://tokens.example.com/t" } });
        (refused.Status, refused.Json["errors"]!["credential.tokenUrl"] is not null).ShouldBe((HttpStatusCode.BadRequest, true));
    }

    [Fact]
    public async Task Another_replica_follows()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(_gateway.ConnectionString);
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        await Eventually.TrueAsync(async () => (await second.PostAsync(slug, Mcp.Call("get"))).Body.Contains("\"result\"", StringComparison.Ordinal), "the other serves it", null, TestContext.Current.CancellationToken);

        await PutAsync("api.example.com");

        await Eventually.TrueAsync(async () => (await second.PostAsync(slug, Mcp.Call("get"))).Body.Contains("upstream_unreachable", StringComparison.Ordinal), "the other refuses it", null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Wrong_hosts_are_told_and_change_nothing()
    {
        await PutAsync("127.0.0.1");

        var answer = await _gateway.ApiAsync(HttpMethod.Put, "/api/organization/egress", new { hosts = new[] { "https://x", "*" } });

        answer.Status.ShouldBe(HttpStatusCode.BadRequest);
        answer.Json["errors"]!["hosts"]!.AsArray().Count.ShouldBe(2);
        (await _gateway.ApiAsync(HttpMethod.Get, "/api/organization/egress")).Body.ShouldBe("""{"hosts":["127.0.0.1"]}""");
    }

    private async Task PutAsync(params string[] hosts)
    {
        var answer = await _gateway.ApiAsync(HttpMethod.Put, "/api/organization/egress", new { hosts });
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
    }
}
