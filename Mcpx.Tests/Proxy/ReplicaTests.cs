using System.Net;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Replicas share a database and nothing else.</summary>
public sealed class ReplicaTests(PostgresFixture postgres, GatewayFixture first) : IClassFixture<GatewayFixture>
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task What_one_replica_changes_the_other_serves()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        await using var upstream = await FakeUpstream.StartAsync();

        var (slug, id) = await first.AddUpstreamAsync(upstream.Url);
        await SeenAsync(second, slug, a => a.Status == HttpStatusCode.OK && a.Json["result"] is not null);
        await first.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "blocklist", tools = new[] { "get" } });
        await SeenAsync(second, slug, a => a.Json["error"] is not null);
        await second.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}");
        await SeenAsync(first, slug, a => a.Status == HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_one_replica_finds_out_of_a_server_the_other_knows()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        await using var upstream = await FakeUpstream.StartAsync();

        var (slug, _) = await first.AddUpstreamAsync(upstream.Url);

        var snapshots = second.Services.GetRequiredService<SnapshotKeeper>();
        await Eventually.TrueAsync(() => Task.FromResult(snapshots.Current.Gateways.Find(second.Organization)?.FindServer(slug)?.Server.Protocol is { SpeaksSession: true, SpeaksStateless: true }),
            "the other replica noticed", Promised, TestContext.Current.CancellationToken);
        upstream.Probes.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_token_that_one_replica_revokes_the_other_refuses()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        var token = (await first.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "t" })).Json;
        var text = token["token"]!.GetValue<string>();
        (await second.PostAsync("nowhere", Mcp.Call("get"), text)).Status.ShouldBe(HttpStatusCode.NotFound);

        await first.ApiAsync(HttpMethod.Delete, $"/api/tokens/{token["id"]}");

        await SeenAsync(second, "nowhere", a => a.Status == HttpStatusCode.Unauthorized, text);
    }

    [Fact]
    public async Task A_session_that_began_on_one_replica_goes_on_at_the_other()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(first.ConnectionString);
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = "upstream-session";
            return FakeUpstream.JsonAsync(http, Mcp.Result("{}"));
        };
        var (slug, _) = await first.AddUpstreamAsync(upstream.Url);
        var handle = (await first.PostAsync(slug, Mcp.Initialize)).Headers.GetValues("Mcp-Session-Id").Single();
        await SeenAsync(second, slug, a => a.Status == HttpStatusCode.OK);

        (await second.PostAsync(slug, Mcp.Call("get"), null, ("Mcp-Session-Id", handle))).Status.ShouldBe(HttpStatusCode.OK);

        upstream.Requests.Last().Headers["Mcp-Session-Id"].ShouldBe("upstream-session");
    }

    [Fact]
    public async Task Two_replicas_that_start_together_on_an_empty_database_both_come_up()
    {
        var empty = await postgres.CreateDatabaseAsync();
        await using var one = new GatewayFixture(postgres);
        await using var two = new GatewayFixture(postgres);

        await Task.WhenAll(one.StartAsync(empty), two.StartAsync(empty));

        one.Owner.ShouldBe(two.Owner);
        (await one.ApiAsync(HttpMethod.Get, "/api/servers", null, two.Token)).Status.ShouldBe(HttpStatusCode.OK);
        (await two.ApiAsync(HttpMethod.Get, "/api/servers", null, one.Token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static Task SeenAsync(GatewayFixture replica, string slug, Func<HttpAnswer, bool> condition, string? token = null) =>
        Eventually.TrueAsync(async () => condition(await replica.PostAsync(slug, Mcp.Call("get"), token)), "the other replica noticed", Promised, TestContext.Current.CancellationToken);
}
