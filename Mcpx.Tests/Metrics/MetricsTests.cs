using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>What <c>/metrics</c> says is what was called, and no caller can make it say more.</summary>
public sealed class MetricsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Token = "a-scrapers-token-of-some-length";
    private const string Server = "mcp_server_operation_duration_seconds";
    private const string Client = "mcp_client_operation_duration_seconds";

    private readonly GatewayFixture _gateway = new(postgres);
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Reading = null;
        await _gateway.StartAsync(settings: ("METRICS_TOKEN", Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task The_figures_are_what_was_called()
    {
        Offer("get", "fail", "boom", "secret");
        var slug = await AddAsync("blocklist", "secret");
        var (down, _) = await _gateway.AddUpstreamAsync(new Uri($"http://127.0.0.1:{Ports.Free()}/mcp"));
        for (var i = 0; i < 3; i++) (await CallAsync(slug, "get")).Json["result"].ShouldNotBeNull();
        for (var i = 0; i < 2; i++) await CallAsync(slug, "fail");
        (await CallAsync(slug, "boom")).ErrorCode.ShouldBe(-32603);
        for (var i = 0; i < 2; i++) await CallAsync(slug, "secret");
        (await CallAsync(down, "get")).Json["error"].ShouldNotBeNull();
        (await _gateway.PostAsync(slug, Mcp.Call("get"), "")).Status.ShouldBe(HttpStatusCode.Unauthorized);

        var seen = await ScrapeAsync();

        (string, string) here = ("mcpx_server", slug), there = ("mcpx_server", down);
        seen.TypeOf(Server).ShouldBe("histogram");
        seen.Sum($"{Server}_count", here, ("gen_ai_tool_name", "get"), ("error_type", ""), ("mcp_method_name", "tools/call"), ("network_transport", "tcp"), ("mcpx_organization", _gateway.Organization)).ShouldBe(3);
        seen.Sum($"{Server}_count", here, ("gen_ai_tool_name", "fail"), ("error_type", "tool_error")).ShouldBe(2);
        seen.Sum($"{Server}_count", here, ("gen_ai_tool_name", "boom"), ("error_type", "-32603"), ("rpc_response_status_code", "-32603")).ShouldBe(1);
        // Refused calls make no labels.
        seen.Sum($"{Server}_count", here, ("gen_ai_tool_name", ToolLabels.Other), ("error_type", "denied")).ShouldBe(2);
        seen.Sum($"{Server}_count", here).ShouldBe(8);
        seen.Sum($"{Client}_count", here).ShouldBe(6);
        seen.Sum($"{Client}_count", here, ("gen_ai_tool_name", "get")).ShouldBe(3);
        seen.Sum($"{Client}_count", there, ("error_type", "upstream_unreachable")).ShouldBe(1);
        seen.Find($"{Server}_bucket", here, ("gen_ai_tool_name", "get")).Select(s => s.Labels["le"]).ShouldBe(["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "30", "60", "120", "300", "+Inf"]);

        seen.Sum("mcpx_calls_total", here, ("mcpx_outcome", "ok")).ShouldBe(3);
        seen.Sum("mcpx_calls_total", here, ("mcpx_outcome", "tool_error")).ShouldBe(3);
        seen.Sum("mcpx_calls_total", here, ("mcpx_outcome", "denied")).ShouldBe(2);
        seen.Sum("mcpx_calls_total", there, ("mcpx_outcome", "upstream_error")).ShouldBe(1);
        seen.Sum("mcpx_calls_total", ("mcpx_outcome", "unauthenticated"), ("mcpx_organization", _gateway.Organization)).ShouldBe(1);
        seen.Sum("mcpx_decisions_total", here, ("mcpx_decision", "denied"), ("mcpx_rule_kind", "blocklist")).ShouldBe(2);
        seen.Sum("mcpx_decisions_total", here, ("mcpx_decision", "allowed"), ("mcpx_rule_kind", "blocklist")).ShouldBe(6);
        seen.Sum("mcpx_breaker_state", here).ShouldBe(0);
        seen.Samples.ShouldNotContain(s => s.Labels.Values.Contains("secret"));
    }

    [Fact]
    public async Task Names_that_no_server_lists_make_no_series()
    {
        Offer("get");
        var slug = await AddAsync();
        // The other one is not watched, and answers to every name.
        var (open, id) = await _gateway.AddUpstreamAsync(_upstream.Url);
        await _gateway.TrustDefinitionsAsync(id);
        foreach (var server in new[] { slug, open })
        {
            await CallAsync(server, "get");
            await CallAsync(server, "a-first-stranger");
            await _gateway.PostAsync(server, Mcp.Call("get").Replace("tools/call", "tools/a-first-method", StringComparison.Ordinal));
            await _gateway.PostAsync("nowhere", Mcp.Call("get"));
            await _gateway.PostAsync(server, Mcp.Call("get"), "", ("MCP-Protocol-Version", "2000-01-01"));
        }

        var before = Series(await ScrapeAsync());

        for (var i = 0; i < 60; i++)
        {
            foreach (var server in new[] { slug, open }) await CallAsync(server, $"stranger-{i}");
            await _gateway.PostAsync(open, Mcp.Call("get").Replace("tools/call", $"tools/method-{i}", StringComparison.Ordinal));
            await _gateway.PostAsync($"nowhere-{i}", Mcp.Call("get"));
            await _gateway.PostAsync(open, Mcp.Call("get"), "", ("MCP-Protocol-Version", $"20{i:00}-01-01"));
        }

        var after = Series(await ScrapeAsync());
        after.Except(before).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_server_has_a_hundred_labels_for_its_tools()
    {
        string[] tools = [.. Enumerable.Range(0, ToolLabels.Most + 20).Select(i => $"tool_{i}")];
        Offer(tools);
        var slug = await AddAsync();
        foreach (var tool in tools) (await CallAsync(slug, tool)).Json["result"].ShouldNotBeNull();

        var seen = await ScrapeAsync();

        var counts = seen.Find($"{Server}_count", ("mcpx_server", slug)).ToList();
        counts.Count(s => s.Labels["gen_ai_tool_name"] != ToolLabels.Other).ShouldBe(ToolLabels.Most);
        counts.Single(s => s.Labels["gen_ai_tool_name"] == ToolLabels.Other).Value.ShouldBe(20);
    }

    [Fact]
    public async Task The_journal_is_what_the_probe_and_the_operators_page_show()
    {
        Offer("get");
        var slug = await AddAsync();
        for (var i = 0; i < 5; i++) await CallAsync(slug, "get");
        await Eventually.TrueAsync(() => _gateway.Services.GetRequiredService<CallJournal>().State is { Depth: 0, Drained: >= 5 }, "the journal is empty", Cancelled);

        var probe = (await _gateway.SendAsync(HttpMethod.Get, "/readyz", null, "")).Json["journal"]!;
        var page = (await _gateway.ApiAsync(HttpMethod.Get, "/api/operations")).Json["journal"]!;
        var seen = await ScrapeAsync();

        foreach (var (name, member) in new[]
        {
            ("mcpx_journal_records", "depth"), ("mcpx_journal_size_bytes", "bytes"), ("mcpx_journal_budget_bytes", "budgetBytes"),
            ("mcpx_journal_drained_total", "drained"), ("mcpx_journal_drain_failures_total", "drainFailures"),
        })
        {
            var value = seen.Find(name).Single().Value;
            value.ShouldBe(probe[member]!.GetValue<double>(), name);
            value.ShouldBe(page[member]!.GetValue<double>(), name);
        }

        seen.Sum("mcpx_journal_refusing").ShouldBe(0);
        seen.Sum("mcpx_journal_oldest_age_seconds").ShouldBe(0);
    }

    [Fact]
    public async Task While_the_database_is_away_the_journal_fills_and_its_failures_are_counted()
    {
        Offer("get");
        var slug = await AddAsync();
        await CallAsync(slug, "get");
        await _gateway.CutDatabaseAsync(allow: false);
        for (var i = 0; i < 4; i++) await CallAsync(slug, "get");
        await Eventually.TrueAsync(() => _gateway.Services.GetRequiredService<CallJournal>().State is { DrainFailures: > 0, Depth: >= 4 }, "the journal knows that the database is away", Cancelled);

        var seen = await ScrapeAsync();

        seen.Sum("mcpx_journal_records").ShouldBeGreaterThanOrEqualTo(4);
        seen.Sum("mcpx_journal_size_bytes").ShouldBeGreaterThan(0);
        seen.Sum("mcpx_journal_drain_failures_total").ShouldBeGreaterThan(0);
        await _gateway.CutDatabaseAsync(allow: true);
    }

    [Fact]
    public async Task Gateways_the_snapshot_and_limits_are_counted_too()
    {
        Offer("get");
        var (slug, id) = await AddWithIdAsync();
        await _gateway.AddGatewayAsync("office", new { server = slug });
        await Eventually.TrueAsync(async () => (await _gateway.SendAsync(HttpMethod.Post, $"/mcp/{_gateway.Organization}/gateway/office", System.Text.Encoding.UTF8.GetBytes(Mcp.StatelessCall("get")), _gateway.Token,
            Mcp.StatelessHeaders("get"))).Body.Contains("forty-two", StringComparison.Ordinal), "the gateway knows its member", null, Cancelled);
        (await _gateway.ApiAsync(HttpMethod.Post, "/api/limits", new { server = id, tool = "get", perMinute = 1 })).Status.ShouldBe(HttpStatusCode.Created);
        await Eventually.TrueAsync(async () => (await CallAsync(slug, "get")).Body.Contains("rate_limited", StringComparison.Ordinal), "the limit holds", null, Cancelled);

        var seen = await ScrapeAsync();

        seen.Sum($"{Server}_count", ("mcpx_gateway", "office"), ("mcpx_server", slug), ("gen_ai_tool_name", "get"), ("mcp_protocol_version", "2026-07-28"), ("error_type", "")).ShouldBe(1);
        seen.Sum("mcpx_limit_refusals_total", ("mcpx_server", slug), ("mcpx_limit", "rate_limited")).ShouldBe(1);
        seen.Sum("mcpx_catalog_age_seconds", ("mcpx_gateway", "office"), ("mcpx_server", slug)).ShouldBeInRange(0, 60);
        seen.Sum("mcpx_snapshot_version").ShouldBeGreaterThan(1);
        seen.Find("mcpx_snapshot_age_seconds").Single().Value.ShouldBeInRange(0, 60);
        seen.Find("mcpx_snapshot_build_duration_seconds").Single().Value.ShouldBeInRange(0, 60);
        seen.Find("mcpx_calls_active").Single().Value.ShouldBe(0);
        (await _gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        await Eventually.TrueAsync(async () => !(await ScrapeAsync()).Find("mcpx_breaker_state", ("mcpx_server", slug)).Any(), "a server that is gone has no breaker", null, Cancelled);
    }

    [Fact]
    public async Task The_documentation_names_exactly_the_instruments_that_there_are()
    {
        var own = _gateway.Services.GetRequiredService<GatewayMetrics>().Meter;
        List<string> instruments = [];
        using MeterListener listener = new() { InstrumentPublished = (instrument, _) => instruments.AddRange(ReferenceEquals(instrument.Meter, own) ? [instrument.Name] : []) };
        listener.Start();

        var text = await File.ReadAllTextAsync(Repository.PathOf("docs", "observability.md"), Cancelled);
        var table = text[text.IndexOf("| name | kind, unit |", StringComparison.Ordinal)..].Split("\n\n")[0];
        var documented = table.Split('\n').Skip(2).SelectMany(line => Regex.Matches(line.Split('|')[1], "`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(m => m.Groups["name"].Value));
        documented.ShouldBe(instruments, ignoreOrder: true);
    }

    /// <summary>A server of which the gateway has read the list.</summary>
    private async Task<string> AddAsync(string mode = "none", params string[] tools) => (await AddWithIdAsync(mode, tools)).Slug;

    private async Task<(string Slug, string Id)> AddWithIdAsync(string mode = "none", params string[] tools)
    {
        var (slug, id) = await _gateway.AddUpstreamAsync(_upstream.Url, null, mode, tools);
        (await _gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/tool-definitions/refresh")).Status.ShouldBe(HttpStatusCode.OK);
        EntityId.TryParse(id, out ServerId server).ShouldBeTrue();
        await Eventually.TrueAsync(() => _gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Pins.Find(_gateway.Owner.Organization, server)?.Tools.Count > 0, "its tools are known", Cancelled);
        return (slug, id);
    }

    private void Offer(params string[] tools)
    {
        var answer = DashboardVisits.Offering(tools);
        _upstream.Answer = (http, request) => NameIn(request) switch
        {
            "fail" => FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{"content":[],"isError":true} }"""),
            "boom" => FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"error":{"code":-32603,"message":"x"} }"""),
            _ => answer(http, request),
        };
    }

    private static string? NameIn(SeenRequest request) => request.Body.Length == 0 ? null : (string?)JsonNode.Parse(request.Body)!["params"]?["name"];

    private Task<HttpAnswer> CallAsync(string slug, string tool) => _gateway.PostAsync(slug, Mcp.Call(tool));

    private async Task<PrometheusText> ScrapeAsync()
    {
        var answer = await _gateway.SendAsync(HttpMethod.Get, "/metrics", null, Token, ("Accept", "text/plain"));
        answer.Status.ShouldBe(HttpStatusCode.OK);
        return PrometheusText.Parse(answer.Body);
    }

    private static HashSet<string> Series(PrometheusText text) => [.. text.Samples.Where(s => s.Name.StartsWith("mcp", StringComparison.Ordinal)).Select(s => s.Series)];
}
