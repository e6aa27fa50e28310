using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>Limits of calls at the front door and by REST.</summary>
public sealed class LimitTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_calls_too_often_is_told_which_limit_and_when_to_come_back()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("get", "transfer");
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        Colleague other = await Colleague.CreateAsync(gateway, Role.Member);
        string limit = await AddAsync(new { server = id, tool = "trans*", perMinute = 2 });
        for (int i = 0; i < 2; i++) (await gateway.PostAsync(slug, Mcp.Call("transfer"))).Json["result"].ShouldNotBeNull();

        HttpAnswer session = await gateway.PostAsync(slug, Mcp.Call("transfer"));
        HttpAnswer stateless = await StatelessClient.Of(gateway, slug).CallAsync("transfer");

        session.Status.ShouldBe(HttpStatusCode.OK);
        stateless.Status.ShouldBe(HttpStatusCode.TooManyRequests);
        foreach (HttpAnswer refused in new[] { session, stateless })
        {
            refused.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
            JsonNode error = refused.Json["error"]!;
            error["code"]!.GetValue<int>().ShouldBe(-32000);
            error["data"]!["reason"]!.GetValue<string>().ShouldBe("rate_limited");
            error["data"]!["limit"]!.GetValue<string>().ShouldBe("2 calls of “trans*” a minute for each caller");
        }

        // Neither other tools, nor other callers, nor lists are counted.
        (await gateway.PostAsync(slug, Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        (await gateway.PostAsync(slug, Mcp.Call("transfer"), other.Token)).Json["result"].ShouldNotBeNull();
        for (int i = 0; i < 5; i++) (await gateway.PostAsync(slug, Mcp.List)).Json["result"].ShouldNotBeNull();
        JsonNode call = (await gateway.CallsOfAsync(slug)).First(c => (string?)c["outcome"] == "rateLimited");
        call["rule"]!.GetValue<string>().ShouldBe("limit:trans*");
        JsonNode shown = (await gateway.ApiAsync(HttpMethod.Get, "/api/limits")).Json["items"]!.AsArray().First(l => (string?)l!["id"] == limit)!;
        shown["use"]!["perMinute"]!.GetValue<int>().ShouldBe(2);
        shown["use"]!["callers"]!.GetValue<int>().ShouldBe(2);

        // An empty bucket fills at its new pace: at a thousand a minute the next call has its place 60 ms later, which is too soon to tell.
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/limits/{limit}", new { server = id, tool = "trans*", perMinute = 100_000 })).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.PostAsync(slug, Mcp.Call("transfer"))).Json["result"].ShouldNotBeNull();
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/limits/{limit}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/limits/{limit}")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_place_comes_back_however_a_call_ends()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        using SemaphoreSlim arrived = new(0), release = new(0);
        FakeUpstream.Script offering = DashboardVisits.Offering("slow", "broken");
        upstream.Answer = async (http, request) =>
        {
            if (request.Text.Contains("\"slow\"", StringComparison.Ordinal))
            {
                arrived.Release();
                await release.WaitAsync(http.RequestAborted);
            }

            if (request.Text.Contains("\"broken\"", StringComparison.Ordinal)) http.Abort();
            else await offering(http, request);
        };
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        string limit = await AddAsync(new { server = id, atOnce = 1, eachCaller = false });

        Task<HttpAnswer> slow = gateway.PostAsync(slug, Mcp.Call("slow"));
        await arrived.WaitAsync(Cancelled);
        HttpAnswer refused = await gateway.PostAsync(slug, Mcp.Call("broken"));
        refused.Json["error"]!["data"]!["limit"]!.GetValue<string>().ShouldBe("1 call at once for all callers together");
        release.Release();
        (await slow).Json["result"].ShouldNotBeNull();
        await UsedAsync(limit, 0);

        (await gateway.PostAsync(slug, Mcp.Call("broken"))).Json["error"]!["data"]!["reason"]!.GetValue<string>().ShouldNotBe("rate_limited");
        await UsedAsync(limit, 0);

        using CancellationTokenSource gone = new();
        Task hungUp = gateway.OpenAsync(slug, Mcp.Call("slow"), gone.Token);
        await arrived.WaitAsync(Cancelled);
        await UsedAsync(limit, 1);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => hungUp);
        await UsedAsync(limit, 0);
        await gateway.ApiAsync(HttpMethod.Delete, $"/api/limits/{limit}");
    }

    [Fact]
    public async Task What_is_no_limit_is_refused()
    {
        foreach (object wrong in new object[]
        {
            new { }, new { perMinute = 0 }, new { perMinute = 100_001 }, new { atOnce = -1 }, new { perMinute = 1, tool = "" }, new { perMinute = 1, tool = new string('x', 257) },
            new { perMinute = 1, @for = new { kind = "member" } }, new { perMinute = 1, @for = new { kind = "member", id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString() } }, new { perMinute = 1, what = 1 },
        })
        {
            (await gateway.ApiAsync(HttpMethod.Post, "/api/limits", wrong)).Status.ShouldBe(HttpStatusCode.BadRequest);
        }

        (await gateway.ApiAsync(HttpMethod.Post, "/api/limits", new { perMinute = 1, server = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString() })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<string> AddAsync(object limit)
    {
        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/limits", limit);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return made.Json["id"]!.GetValue<string>();
    }

    private Task UsedAsync(string limit, int atOnce) => Eventually.TrueAsync(
        async () => (await gateway.ApiAsync(HttpMethod.Get, "/api/limits")).Json["items"]!.AsArray().First(l => (string?)l!["id"] == limit)!["use"]!["atOnce"]!.GetValue<int>() == atOnce,
        $"{atOnce} calls are under way", TimeSpan.FromSeconds(30), Cancelled);
}
