using System.Diagnostics;
using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>What counting and tracing cost a call. The figures are printed; the assertions hold on any machine.</summary>
[Collection(nameof(Telemetry))]
public sealed class TelemetryFiguresTests(PostgresFixture postgres) : IAsyncDisposable
{
    private const int Calls = 20_000;

    private static readonly string[] Stages = ["authenticate", "resolve", "govern", "limit", "inject", "announce", "forward", "record"];

    private readonly GatewayFixture _gateway = new(postgres);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Counting_a_call_that_nobody_hears_of()
    {
        await _gateway.StartAsync();

        var (nanoseconds, bytes) = await MeasureAsync("nobody listens");

        bytes.ShouldBe(0);
        nanoseconds.ShouldBeLessThan(5_000);
        var tracing = _gateway.Services.GetRequiredService<CallTracing>();
        (double each, double allocated) = Measure(() => tracing.IsOn);
        allocated.ShouldBe(0);
        TestContext.Current.TestOutputHelper!.WriteLine($"asking whether calls are traced: {each:0.0} ns");
    }

    [Fact]
    public async Task Counting_a_call_that_is_scraped()
    {
        await _gateway.StartAsync(settings: ("METRICS_TOKEN", "a-scrapers-token-of-some-length"));

        var (nanoseconds, bytes) = await MeasureAsync("with /metrics on");

        // No string, no box: a call's words are there already.
        bytes.ShouldBeLessThan(1);
        nanoseconds.ShouldBeLessThan(100_000);
    }

    [Fact]
    public async Task Tracing_a_call()
    {
        await _gateway.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
        var snapshot = _gateway.Services.GetRequiredService<SnapshotKeeper>().Current;
        var tracing = _gateway.Services.GetRequiredService<CallTracing>();
        int spans = 0;
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == CallTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ => Interlocked.Increment(ref spans),
        };
        ActivitySource.AddActivityListener(listener);
        var record = DataHost.NewCall(_gateway.Owner.Organization, TimeProvider.System.GetUtcNow()) with { Method = "tools/call", Tool = "get" };

        (double each, double bytes) = Measure(() =>
        {
            ProxyContext context = new() { Endpoint = new EndpointAddress(null, false, slug, ""), Body = [], Response = null!, Snapshot = snapshot };
            context.Route = snapshot.Gateways.Find(_gateway.Owner.Organization)!.FindServer(slug);
            context.Trace = tracing.BeginCall(context);
            foreach (var stage in Stages) tracing.BeginStage(context, stage)!.Dispose();
            CallTracing.EndUpstream(context, tracing.BeginUpstream(context));
            tracing.Describe(context, record);
            CallTracing.EndCall(context, context.Trace!);
            return true;
        });

        spans.ShouldBeGreaterThan(0);
        TestContext.Current.TestOutputHelper!.WriteLine($"all {Stages.Length + 2} spans of one call: {each / 1000:0.0} µs, {bytes:N0} bytes");
        each.ShouldBeLessThan(1_000_000);
    }

    private async Task<(double Nanoseconds, double Bytes)> MeasureAsync(string what)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, id) = await _gateway.AddUpstreamAsync(upstream.Url);
        EntityId.TryParse(id, out ServerId server).ShouldBeTrue();
        var record = DataHost.NewCall(_gateway.Owner.Organization, TimeProvider.System.GetUtcNow()) with
        {
            Server = server, ServerSlug = slug, Method = "tools/call", Tool = "get", Rule = "allowlist:get", UpstreamMicroseconds = 900,
            Facets = new CallFacets("2025-11-25", null, null, CallVerdict.Allowed),
        };
        var metrics = _gateway.Services.GetRequiredService<GatewayMetrics>();
        (double each, double bytes) = Measure(() =>
        {
            metrics.CallFinished(record);
            return true;
        });
        TestContext.Current.TestOutputHelper!.WriteLine($"counting one call, {what}: {each:0} ns, {bytes:0.0} bytes");
        return (each, bytes);
    }

    private static (double Nanoseconds, double Bytes) Measure(Func<bool> step)
    {
        double best = double.MaxValue, bytes = double.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
            for (int i = 0; i < Calls; i++) step();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalNanoseconds / Calls);
            bytes = Math.Min(bytes, (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Calls);
        }

        return (best, bytes);
    }
}
