using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>Listeners are heard of in the whole process, so whoever listens or counts on nobody listening takes turns.</summary>
[CollectionDefinition(nameof(Telemetry))]
public sealed class Telemetry;

/// <summary>What a collector is sent of calls, and what servers are told of traces.</summary>
[Collection(nameof(Telemetry))]
public sealed class TracingTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly string[] Stages = ["authenticate", "resolve", "govern", "limit", "inject", "announce", "forward", "record"];

    private readonly GatewayFixture _gateway = new(postgres);
    private readonly string _trace = Hex(16);
    private readonly string _parent = Hex(8);
    private FakeUpstream _upstream = null!;
    private FakeCollector _collector = null!;

    private string TraceParent => $"00-{_trace}-{_parent}-01";

    public async ValueTask InitializeAsync() => (_upstream, _collector) = (await FakeUpstream.StartAsync(), await FakeCollector.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _collector.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_is_a_part_of_its_clients_trace(bool inMessage)
    {
        await StartAsync();
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);

        if (inMessage) await _gateway.PostAsync(slug, WithMeta("get", "traceparent", TraceParent));
        else await _gateway.PostAsync(slug, Mcp.Call("get"), null, ("traceparent", TraceParent));
        await FlushAsync(() => _collector.Spans.Any(s => s.Trace == _trace && s.Kind == 2));

        var spans = _collector.Spans.Where(s => s.Trace == _trace).ToList();
        var call = spans.Single(s => s.Kind == 2);
        call.Parent.ShouldBe(_parent);
        call.Name.ShouldBe("tools/call");
        call.Service.ShouldBe("acme-gateway");
        call.Status.ShouldBe(0);
        call.Tags["mcp.method.name"].ShouldBe("tools/call");
        call.Tags["gen_ai.tool.name"].ShouldBe("get");
        call.Tags["gen_ai.operation.name"].ShouldBe("execute_tool");
        call.Tags["network.transport"].ShouldBe("tcp");
        call.Tags["mcpx.organization"].ShouldBe(_gateway.Organization);
        call.Tags["mcpx.server"].ShouldBe(slug);
        call.Tags["mcpx.outcome"].ShouldBe("ok");
        var recorded = (await _gateway.CallsOfAsync(slug)).Single();
        call.Tags["mcpx.call.id"].ShouldBe((string?)recorded["id"]);
        ((string?)recorded["traceId"]).ShouldBe(_trace);
        spans.Where(s => s.Kind == 1).Select(s => s.Name).ShouldBe(Stages, ignoreOrder: true);
        spans.Where(s => s.Kind == 1).ShouldAllBe(s => s.Parent == call.Id);
        var upstream = spans.Single(s => s.Kind == 3);
        upstream.Parent.ShouldBe(spans.Single(s => s.Name == "forward").Id);
        upstream.Tags["server.address"].ShouldBe("127.0.0.1");
        upstream.Tags["mcp.method.name"].ShouldBe("tools/call");
    }

    [Fact]
    public async Task A_call_without_a_trace_begins_one_and_is_recorded_with_it()
    {
        await StartAsync();
        var (slug, _) = await _gateway.AddUpstreamAsync(new Uri($"http://127.0.0.1:{Ports.Free()}/mcp"));

        await _gateway.PostAsync(slug, Mcp.Call("get"));
        await FlushAsync(() => _collector.Spans.Any(s => s.Kind == 2 && s.Tags.GetValueOrDefault("mcpx.server") == slug));

        var call = _collector.Spans.Single(s => s.Kind == 2 && s.Tags.GetValueOrDefault("mcpx.server") == slug);
        call.Parent.ShouldBeEmpty();
        call.Status.ShouldBe(2);
        call.Tags["error.type"].ShouldBe("upstream_unreachable");
        ((string?)(await _gateway.CallsOfAsync(slug)).Single()["traceId"]).ShouldBe(call.Trace);
        _collector.Spans.Single(s => s.Trace == call.Trace && s.Kind == 3).Tags["error.type"].ShouldBe("upstream_unreachable");
    }

    [Fact]
    public async Task A_refusal_ends_at_the_stage_that_refuses()
    {
        await StartAsync();
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url, null, "blocklist", "secret");

        await _gateway.PostAsync(slug, Mcp.Call("secret"), null, ("traceparent", TraceParent));
        await FlushAsync(() => _collector.Spans.Any(s => s.Trace == _trace && s.Kind == 2));

        var spans = _collector.Spans.Where(s => s.Trace == _trace).ToList();
        spans.Where(s => s.Kind == 1).Select(s => s.Name).ShouldBe(["authenticate", "resolve", "govern", "record"], ignoreOrder: true);
        spans.Single(s => s.Name == "govern").Status.ShouldBe(2);
        spans.Single(s => s.Kind == 2).Tags["error.type"].ShouldBe("denied");
        spans.ShouldNotContain(s => s.Kind == 3);
    }

    [Fact]
    public async Task A_server_that_opted_in_is_told_our_span_and_others_nothing()
    {
        await StartAsync();
        var (told, id) = await _gateway.AddUpstreamAsync(_upstream.Url);
        var (untold, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        var patched = await _gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { propagateTrace = true });
        patched.Json["propagateTrace"]!.GetValue<bool>().ShouldBeTrue();
        _upstream.Requests.Clear();

        await Eventually.TrueAsync(async () =>
        {
            await _gateway.PostAsync(told, WithMeta("get", "traceparent", TraceParent));
            return _upstream.Requests.Last().Headers.ContainsKey("traceparent");
        }, "the setting is in force", null, TestContext.Current.CancellationToken);
        var seen = _upstream.Requests.Last();
        await FlushAsync(() => IsUpstreamSpan(seen.Headers["traceparent"]));

        ParentIn(seen).ShouldBe(seen.Headers["traceparent"]);
        await ShouldTellNothingAsync(untold);
    }

    [Theory]
    [InlineData("discover")]
    [InlineData("initialize")]
    public async Task Over_a_bridge_the_same_holds(string missing)
    {
        await StartAsync();
        _upstream.Probe = (http, request) => request.Text.Contains(missing, StringComparison.Ordinal)
            ? FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"error":{"code":-32601,"message":"Method not found"} }""")
            : FakeUpstream.BothErasAsync(http, request);
        _upstream.Answer = (http, request) => request.Text.Contains("\"initialize\"", StringComparison.Ordinal) ? FakeUpstream.BothErasAsync(http, request)
            : FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{"resultType":"complete","content":[]} }""");
        var (told, id) = await _gateway.AddUpstreamAsync(_upstream.Url);
        var (untold, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        await _gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { propagateTrace = true });
        _upstream.Requests.Clear();

        await Eventually.TrueAsync(async () =>
        {
            await _gateway.PostAsync(told, Mcp.StatelessCall("get"), null, [.. Mcp.StatelessHeaders("get"), ("traceparent", TraceParent)]);
            return _upstream.Requests.Last(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).Headers.ContainsKey("traceparent");
        }, "the setting is in force", null, TestContext.Current.CancellationToken);
        var seen = _upstream.Requests.Last(r => r.Text.Contains("tools/call", StringComparison.Ordinal));
        await FlushAsync(() => IsUpstreamSpan(seen.Headers["traceparent"]));

        ParentIn(seen).ShouldBe(seen.Headers["traceparent"]);
        await ShouldTellNothingAsync(untold);
    }

    [Fact]
    public async Task Without_a_collector_a_server_that_opted_in_is_told_the_clients_own()
    {
        await _gateway.StartAsync();
        var (slug, id) = await _gateway.AddUpstreamAsync(_upstream.Url);
        await _gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { propagateTrace = true });

        await Eventually.TrueAsync(async () =>
        {
            await _gateway.PostAsync(slug, Mcp.Call("get"), null, ("traceparent", TraceParent));
            return _upstream.Requests.Last().Headers.GetValueOrDefault("traceparent") == TraceParent;
        }, "the setting is in force", null, TestContext.Current.CancellationToken);
        await _gateway.PostAsync(slug, Mcp.Call("get"), null, ("traceparent", "00-nonsense"));

        _upstream.Requests.Last().Headers.Keys.ShouldNotContain("traceparent");
        _upstream.Requests.Last().Text.ShouldNotContain("traceparent");
        _collector.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_share_of_none_exports_no_call()
    {
        await StartAsync(("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0"));
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);

        for (var i = 0; i < 5; i++) await _gateway.PostAsync(slug, Mcp.Call("get"), null, ("traceparent", TraceParent));
        Flush();

        _collector.Spans.ShouldNotContain(s => s.Trace == _trace);
        _collector.Has("/v1/metrics", "mcp.server.operation.duration").ShouldBeTrue();
    }

    [Fact]
    public async Task Figures_and_logs_go_there_too_and_nothing_that_a_call_carried()
    {
        await StartAsync();
        const string Argument = "canary-in-an-argument", Answer = "canary-in-an-answer", Key = "canary-in-a-credential", Id = "canary-in-an-id";
        _upstream.Answer = (http, request) => FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{"content":[{"type":"text","text":"{{Answer}}"}]} }""");
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url, new { kind = "apiKey", header = "X-Key", secret = Key });

        (await _gateway.PostAsync(slug, Mcp.Call("get", $$"""{"q":"{{Argument}}"}"""))).Body.ShouldContain(Answer);
        await _gateway.PostAsync(slug, $$$"""{"jsonrpc":"2.0","id":"{{{Id}}}","method":"resources/read","params":{"uri":"file:///{{{Argument}}}"} }""");
        await _gateway.PostAsync(slug, Mcp.Call("get"), "a-wrong-token-of-somebody");
        await FlushAsync(() => _collector.Has("/v1/traces", "resources/read"));

        _collector.Has("/v1/metrics", "mcpx.journal.records").ShouldBeTrue();
        _collector.Has("/v1/logs", "acme-gateway").ShouldBeTrue();
        _collector.Requests.ShouldAllBe(r => r.Key == "a-collectors-key");
        foreach (var secret in new[] { Argument, Answer, Key, Id, _gateway.Token, "a-wrong-token-of-somebody" })
        {
            foreach (var path in new[] { "/v1/traces", "/v1/metrics", "/v1/logs" }) _collector.Has(path, secret).ShouldBeFalse($"{secret} in {path}");
        }
    }

    private async Task ShouldTellNothingAsync(string slug)
    {
        _upstream.Requests.Clear();
        (string, string)[] session = (await _gateway.PostAsync(slug, Mcp.Initialize)).Headers.TryGetValues("Mcp-Session-Id", out var handles) ? [("Mcp-Session-Id", handles.Single()), ("MCP-Protocol-Version", "2025-11-25")] : [];
        await _gateway.PostAsync(slug, WithMeta("get", "traceparent", TraceParent), null, [("traceparent", TraceParent), ("tracestate", "a=b"), ("baggage", "c=d"), .. session]);
        await _gateway.PostAsync(slug, WithMeta("get", "baggage", "user=ann"), null, session);
        await _gateway.PostAsync(slug, WithMeta("get", "tracestate", "a=b"), null, session);
        await _gateway.PostAsync(slug, Mcp.StatelessCall("get"), null, [.. Mcp.StatelessHeaders("get"), ("traceparent", TraceParent)]);

        _upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).ShouldBe(4);
        foreach (var request in _upstream.Requests)
        {
            foreach (var name in new[] { "traceparent", "tracestate", "baggage" })
            {
                request.Headers.Keys.ShouldNotContain(name);
                request.Text.ShouldNotContain(name);
            }
        }
    }

    private Task StartAsync(params (string, string)[] settings) => _gateway.StartAsync(null, null,
        [("OTEL_EXPORTER_OTLP_ENDPOINT", _collector.Url.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_HEADERS", "X-Collector-Key=a-collectors-key"),
            ("OTEL_SERVICE_NAME", "acme-gateway"), .. settings]);

    private bool IsUpstreamSpan(string traceParent) => _collector.Spans.Any(s => s.Trace == _trace && s.Kind == 3 && traceParent == $"00-{_trace}-{s.Id}-01");

    /// <summary>A call's spans end behind the last byte of its answer: whoever has the answer may be earlier.</summary>
    private Task FlushAsync(Func<bool> isThere) => Eventually.TrueAsync(
        () =>
        {
            Flush();
            return isThere();
        }, "the call's spans are there", TestContext.Current.CancellationToken);

    private void Flush()
    {
        _gateway.Services.GetRequiredService<TracerProvider>().ForceFlush();
        _gateway.Services.GetRequiredService<MeterProvider>().ForceFlush();
        _gateway.Services.GetRequiredService<LoggerProvider>().ForceFlush();
    }

    private static string WithMeta(string tool, string name, string value) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{},"_meta":{"{{{name}}}":"{{{value}}}"} } }""";

    private static string? ParentIn(SeenRequest request) => (string?)JsonNode.Parse(Encoding.UTF8.GetString(request.Body))!["params"]!["_meta"]!["traceparent"];

    private static string Hex(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));
}
