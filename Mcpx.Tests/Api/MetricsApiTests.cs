using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>Figures of past calls as REST tells them, counted against calls that are known one by one.</summary>
public sealed class MetricsApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9/mcp");

    [Fact]
    public async Task History_is_exact_in_counts_and_within_the_bound_in_percentiles()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(Nowhere);
        var start = MetricCalls.MinutesAgo(30);
        await gateway.WriteAsync(
        [
            .. Enumerable.Range(1, 20).Select(i => MetricCalls.Call(start.AddSeconds(i), id, slug, milliseconds: i * 10)),
            MetricCalls.Call(start.AddMinutes(2), id, slug, CallOutcome.ToolError, 50), MetricCalls.Call(start.AddMinutes(2), id, slug, CallOutcome.Timeout, 1000),
            MetricCalls.Call(start.AddMinutes(9.9), id, slug, CallOutcome.Denied, 1), MetricCalls.Call(start.AddMinutes(9.9), id, slug, CallOutcome.RateLimited, 1),
            MetricCalls.Call(start.AddMinutes(9.9), id, slug, CallOutcome.ClientAborted, 1),
            // Before and behind: the first is of the previous range, the other of none.
            MetricCalls.Call(start.AddSeconds(-1), id, slug, milliseconds: 40), MetricCalls.Call(start.AddMinutes(10), id, slug),
        ]);

        var answer = await GetAsync($"history?server={slug}&from={Text(start)}&to={Text(start.AddMinutes(10))}&step=1m");

        Plain(answer["plan"]!, "stepSeconds", "level", "note").ShouldBe("60 minute null");
        (Instant(answer["plan"]!["from"]), Instant(answer["plan"]!["to"])).ShouldBe((start, start.AddMinutes(10)));
        var steps = answer["steps"]!.AsArray();
        steps.Select(s => Instant(s!["at"])).ShouldBe(Enumerable.Range(0, 10).Select(i => start.AddMinutes(i)));
        steps.Select(s => (int)s!["calls"]!).ShouldBe([20, 0, 2, 0, 0, 0, 0, 0, 0, 3]);
        steps[1]!["errorRate"].ShouldBeNull();
        Plain(steps[9]!, "ok", "denied", "rateLimited", "aborted", "errorRate").ShouldBe("0 1 1 1 0");
        var total = answer["total"]!;
        Plain(total, "calls", "ok", "toolErrors", "upstreamErrors", "timeouts", "denied", "rateLimited", "unauthenticated", "aborted", "interrupted", "errorRate", "requestBytes", "responseBytes")
            .ShouldBe("25 20 1 0 1 1 1 0 1 0 0.08 2500 25000");
        Plain(total["latency"]!, "count", "max").ShouldBe("22 1000");
        ((double)total["latency"]!["mean"]!).ShouldBe((2100 + 50 + 1000) / 22.0, 0.001);
        // Of 10, 20, … 200, 50 and 1000 by nearest rank: the 11th, the 21st and the 22nd.
        Near(total["latency"]!["p50"], 100);
        Near(total["latency"]!["p95"], 200);
        Near(total["latency"]!["p99"], 1000);
        Near(total["upstream"]!["p50"], 90);
        Near(total["gateway"]!["p99"], 100);
        Plain(answer["previous"]!, "calls", "ok").ShouldBe("1 1");

        var map = await GetAsync($"heatmap?server={id}&from={Text(start)}&to={Text(start.AddMinutes(10))}&step=1m");
        var bands = map["bands"]!.AsArray();
        map["steps"]!.AsArray().Count.ShouldBe(10);
        bands.Sum(b => b!["counts"]!.AsArray().Sum(n => (int)n!)).ShouldBe(22);
        bands.Zip(bands.Skip(1)).ShouldAllBe(pair => (double)pair.First!["upTo"]! == (double)pair.Second!["above"]!);
        ((double)bands[0]!["above"]! < 10 && (double)bands[^1]!["upTo"]! >= 1000).ShouldBeTrue();
    }

    [Fact]
    public async Task Rankings_are_ordered_as_asked_and_know_who_is_gone()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(Nowhere);
        var (_, other) = await gateway.AddUpstreamAsync(Nowhere);
        var start = MetricCalls.MinutesAgo(50);
        var me = gateway.Services.GetRequiredService<Mcpx.Web.Hosting.FirstOwner>().Owner.User.Id.Value;
        await gateway.WriteAsync(
        [
            .. Enumerable.Range(0, 5).Select(i => MetricCalls.Call(start.AddSeconds(i), id, slug, tool: "quick")),
            .. Enumerable.Range(0, 3).Select(i => MetricCalls.Call(start.AddSeconds(i), id, slug, CallOutcome.UpstreamError, 500, "slow", me)),
            MetricCalls.Call(start, other, "other", tool: "quick"),
        ]);
        var time = $"from={Text(start)}&to={Text(start.AddMinutes(1))}";

        var byCalls = await GetAsync($"top?by=tool&server={slug}&{time}");
        byCalls["shares"]!.AsArray().Select(s => Plain(s!, "tool", "id", "name", "slug", "isGone")).ShouldBe([$"quick {id} {slug} {slug} false", $"slow {id} {slug} {slug} false"]);
        byCalls["shares"]![1]!["previous"].ShouldBeNull();
        (await GetAsync($"top?by=tool&order=p95&server={slug}&{time}"))["shares"]!.AsArray().Select(s => (string?)s!["tool"]).ShouldBe(["slow", "quick"]);
        var first = await GetAsync($"top?by=server&order=errorRate&limit=1&{time}");
        Plain(first["shares"]![0]!["figures"]!, "calls", "upstreamErrors", "errorRate").ShouldBe("8 3 0.375");
        ((int)first["others"]!["count"]!, (int)first["others"]!["figures"]!["calls"]!, (int)first["total"]!["calls"]!).ShouldBe((1, 1, 9));
        Plain((await GetAsync($"top?by=caller&server={slug}&caller={me:D}&{time}"))["shares"]![0]!, "id", "name").ShouldBe($"{me:D} {gateway.Services.GetRequiredService<Mcpx.Web.Hosting.FirstOwner>().Owner.User.Name}");
        Plain((await GetAsync($"top?by=method&server={slug}&{time}"))["shares"]![0]!, "method", "id").ShouldBe("tools/call null");

        var compared = await GetAsync($"compare?by=tool&server={slug}&limit=2&{time}&step=1m");
        compared["histories"]!.AsArray().Select(h => (int)h!["total"]!["calls"]!).ShouldBe([5, 3]);

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        Plain((await GetAsync($"top?by=server&{time}"))["shares"]![0]!, "id", "name", "slug", "isGone").ShouldBe($"{id} {slug} null true");
        ((int)(await GetAsync($"history?server={id}&{time}"))["total"]!["calls"]!).ShouldBe(8);
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/metrics/history?server={slug}")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_real_call_is_counted_and_strangers_count_nothing_of_it()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await gateway.AddUpstreamAsync(upstream.Url);
        (await gateway.PostAsync(slug, Proxy.Mcp.Call("pay"))).Status.ShouldBe(HttpStatusCode.OK);
        // On record before it is answered for: the journal's drain is waited for.
        await gateway.CallsOfAsync(slug);
        await Eventually.TrueAsync(async () => (int)(await GetAsync($"history?server={id}&range=15m"))["total"]!["ok"]! > 0, "the call is in the figures", null, TestContext.Current.CancellationToken);
        ((int)(await GetAsync($"history?server={id}&range=15m"))["total"]!["ok"]!).ShouldBe(1);

        var stranger = await Stranger.CreateAsync(gateway);

        ((int)(await GetAsync($"history?server={id}", stranger.Token))["total"]!["calls"]!).ShouldBe(0);
        ((int)(await GetAsync("history?range=90d", stranger.Token))["total"]!["calls"]!).ShouldBe(0);
        foreach (var by in new[] { "server", "tool", "gateway", "caller", "method" }) (await GetAsync($"top?by={by}&range=1h", stranger.Token))["shares"]!.AsArray().ShouldBeEmpty(by);
        (await GetAsync($"heatmap?server={id}", stranger.Token))["bands"]!.AsArray().ShouldBeEmpty();
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/metrics/history?server={slug}", token: stranger.Token)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("history?step=1x", "step")]
    [InlineData("history?step=0s", "step")]
    [InlineData("history?step=9999d", "step")]
    [InlineData("history?step=-5m", "step")]
    [InlineData("history?range=90d&step=10s", "step")]
    [InlineData("history?range=90d&step=1h", "step")]
    [InlineData("history?range=tomorrow", "range")]
    [InlineData("history?range=1e9d", "range")]
    [InlineData("history?from=2026-02-30T00:00:00Z", "from")]
    [InlineData("history?from=0001-01-01T00:00:00Z", "from")]
    [InlineData("history?from=9999-12-31T23:59:59Z", "from")]
    [InlineData("history?to=0001-01-01T00:00:00Z", "to")]
    [InlineData("history?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z", "from")]
    [InlineData("history?caller=ann", "caller")]
    [InlineData("history?tool=a%00b", "tool")]
    [InlineData("heatmap?method=%1B", "method")]
    [InlineData("top?by=organization", "by")]
    [InlineData("top?by=server,tool", "by")]
    [InlineData("top?by=4", "by")]
    [InlineData("top?order=fastest", "order")]
    [InlineData("top?limit=0", "limit")]
    [InlineData("top?limit=51", "limit")]
    [InlineData("top?limit=many", "limit")]
    [InlineData("compare?limit=11", "limit")]
    [InlineData("top?by=caller&range=20d&tool=pay", "from")]
    public async Task What_makes_no_sense_is_said_to_be_so(string query, string field)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/metrics/{query}");

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    [Theory]
    [InlineData("", 86_400)]
    [InlineData("range=15m", 900)]
    [InlineData("range=90d", 90 * 86_400)]
    [InlineData("range=90d&step=1d", 90 * 86_400)]
    [InlineData("from=2000-01-01T00:00:00Z", null)]
    [InlineData("range=9999d", null)]
    [InlineData("tool=%E2%80%AE&method=nothing", 86_400)]
    public async Task What_is_far_or_odd_is_answered_in_at_most_three_hundred_steps(string query, int? seconds)
    {
        var answer = await GetAsync($"history?{query}");

        answer["steps"]!.AsArray().Count.ShouldBeInRange(1, MetricPlan.MostSteps);
        var length = Instant(answer["plan"]!["to"]) - Instant(answer["plan"]!["from"]);
        if (seconds is { } asked) length.TotalSeconds.ShouldBeInRange(asked, asked + 2 * (double)answer["plan"]!["stepSeconds"]!);
    }

    [Fact]
    public async Task Steps_are_made_longer_where_figures_are_coarser_and_the_answer_says_why()
    {
        var from = MetricCalls.MinutesAgo(40 * 24 * 60);

        var answer = await GetAsync($"history?from={Text(from)}&to={Text(from.AddHours(3))}&step=5m");

        Plain(answer["plan"]!, "stepSeconds", "level", "note").ShouldBe("3600 hour Figures by the minute are kept 30 days.");
    }

    [Fact]
    public async Task Times_are_read_and_changed_and_no_level_outlives_the_one_above()
    {
        (await gateway.ApiAsync(HttpMethod.Get, "/api/metrics/retention")).Body.ShouldBe("""{"eventDays":7,"minuteDays":30,"hourDays":400,"dayDays":1826}""");
        foreach (var wrong in new object[]
        {
            new { eventDays = 6, minuteDays = 30, hourDays = 400, dayDays = 1826 }, new { eventDays = 40, minuteDays = 30, hourDays = 400, dayDays = 1826 },
            new { eventDays = 7, minuteDays = 30, hourDays = 400, dayDays = 3651 }, new { eventDays = 7, minuteDays = 30, hourDays = 400 },
        })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Put, "/api/metrics/retention", wrong), 400);

        var wanted = new { eventDays = 8, minuteDays = 31, hourDays = 401, dayDays = 1827 };
        (await gateway.ApiAsync(HttpMethod.Put, "/api/metrics/retention", wanted)).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/metrics/retention")).Body.ShouldBe("""{"eventDays":8,"minuteDays":31,"hourDays":401,"dayDays":1827}""");
        await gateway.ApiAsync(HttpMethod.Put, "/api/metrics/retention", new { eventDays = 7, minuteDays = 30, hourDays = 400, dayDays = 1826 });
    }

    private async Task<JsonNode> GetAsync(string query, string? token = null)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/metrics/{query}", token: token);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private static string Text(DateTimeOffset time) => Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));

    private static DateTimeOffset Instant(JsonNode? node) => node!.GetValue<DateTimeOffset>();

    private static string Plain(JsonNode node, params string[] members) => string.Join(' ', members.Select(m => node[m]?.ToJsonString().Trim('"') ?? "null"));

    private static void Near(JsonNode? node, double milliseconds) => ((double)node!).ShouldBe(milliseconds, milliseconds * LatencyBuckets.RelativeError + 0.001);
}
