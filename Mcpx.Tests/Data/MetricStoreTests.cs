using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class MetricStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private static readonly OrganizationId Acme = DataHost.NewId<OrganizationId>();

    // Inside one day whatever the time of the run, in steps of a second.
    private static readonly DateTimeOffset From = new(DataHost.Now.UtcDateTime.Date.AddHours(-3), TimeSpan.Zero);

    private IMetricStore Metrics => Host.Get<IMetricStore>();

    private async Task<MetricSeries> SeriesAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken) =>
        (await Metrics.LiveAsync(organization, [new MetricSpan(from, to, step)], servers: null, cancellationToken)).Series.Single();

    [Fact]
    public async Task Percentiles_match_a_reference_computation()
    {
        Random random = new(7);
        CallRecord[] calls = [.. Enumerable.Range(0, 3000).Select(_ => DataHost.NewCall(
            Acme, From.AddMilliseconds(random.Next(10_000)), (CallOutcome)random.Next(8)) with { TotalMicroseconds = random.Next(200, 900_000) })];
        await Host.Get<ICallStore>().WriteAsync(calls, Cancelled);

        MetricSeries series = await SeriesAsync(Acme, From, From.AddSeconds(10), TimeSpan.FromSeconds(1), Cancelled);

        series.Points.Count.ShouldBe(10);
        foreach (MetricPoint point in series.Points)
            Check(point, [.. calls.Where(c => c.Time >= point.At && c.Time < point.At.AddSeconds(1))]);
        Check(series.Total, calls);
        series.Total.At.ShouldBe(From);
    }

    [Fact]
    public async Task Steps_without_calls_are_there_and_empty()
    {
        DateTimeOffset from = From.AddTicks(7);
        await Host.Get<ICallStore>().WriteAsync([DataHost.NewCall(Acme, From.AddSeconds(4.5)), DataHost.NewCall(Acme, From.AddSeconds(7))], Cancelled);

        MetricSeries series = await SeriesAsync(Acme, from, from.AddSeconds(7), TimeSpan.FromSeconds(2), Cancelled);

        series.Points.Select(p => p.At).ShouldBe([From, From.AddSeconds(2), From.AddSeconds(4), From.AddSeconds(6)]);
        series.Points.Select(p => p.Calls).ShouldBe([0, 0, 1, 0]);
        series.Points[0].ShouldBe(new MetricPoint(From, 0, 0, 0, P50: null, P95: null, P99: null));
        series.Total.Calls.ShouldBe(1);
    }

    [Fact]
    public async Task A_range_without_calls_has_no_percentiles()
    {
        MetricSeries series = await SeriesAsync(Acme, From, From.AddSeconds(2), TimeSpan.FromSeconds(1), Cancelled);
        series.Points.Count.ShouldBe(2);
        series.Total.ShouldBe(new MetricPoint(From, 0, 0, 0, P50: null, P95: null, P99: null));
        (await SeriesAsync(Acme, From, From, TimeSpan.FromSeconds(1), Cancelled)).Points.ShouldBeEmpty();
    }

    [Fact]
    public async Task Refused_calls_count_but_have_no_latency()
    {
        await Host.Get<ICallStore>().WriteAsync([.. Enum.GetValues<CallOutcome>().Select(o => DataHost.NewCall(Acme, From, o) with
        {
            TotalMicroseconds = o is CallOutcome.Ok or CallOutcome.ToolError or CallOutcome.UpstreamError or CallOutcome.Timeout ? 4000 : 1,
        })], Cancelled);

        MetricPoint total = (await SeriesAsync(Acme, From, From.AddSeconds(1), TimeSpan.FromSeconds(1), Cancelled)).Total;

        total.ShouldBe(new MetricPoint(From, Calls: 9, Errors: 4, Refused: 3, P50: 4, P95: 4, P99: 4));
    }

    [Fact]
    public async Task Each_server_has_its_share_and_its_last_call()
    {
        ServerId finance = DataHost.NewId<ServerId>(), hr = DataHost.NewId<ServerId>();
        OrganizationId globex = DataHost.NewId<OrganizationId>();
        await Host.Get<ICallStore>().WriteAsync(
        [
            DataHost.NewCall(Acme, From, CallOutcome.Ok, finance), DataHost.NewCall(Acme, From.AddSeconds(3), CallOutcome.Timeout, finance),
            DataHost.NewCall(Acme, From.AddSeconds(1), CallOutcome.Denied, hr), DataHost.NewCall(Acme, From, CallOutcome.Unauthenticated),
            DataHost.NewCall(globex, From, CallOutcome.Ok, DataHost.NewId<ServerId>()),
        ], Cancelled);

        IReadOnlyList<ServerFigures> servers = await Metrics.ByServerAsync(Acme, From, From.AddSeconds(10), Cancelled);

        servers.Count.ShouldBe(2);
        servers.Single(s => s.Server == finance).ShouldBe(new ServerFigures(finance, new MetricPoint(From, 2, 1, 0, 1.5, 1.5, 1.5), From.AddSeconds(3)));
        servers.Single(s => s.Server == hr).ShouldBe(new ServerFigures(hr, new MetricPoint(From, 1, 0, 1, null, null, null), From.AddSeconds(1)));
    }

    private static void Check(MetricPoint point, IReadOnlyList<CallRecord> calls)
    {
        double[] latencies = [.. calls.Where(c => c.Outcome <= CallOutcome.Timeout).Select(c => c.TotalMicroseconds / 1000.0).Order()];
        point.Calls.ShouldBe(calls.Count);
        point.Errors.ShouldBe(calls.Count(c => c.Outcome is CallOutcome.ToolError or CallOutcome.UpstreamError or CallOutcome.Timeout));
        point.Refused.ShouldBe(calls.Count(c => c.Outcome is CallOutcome.Denied or CallOutcome.RateLimited or CallOutcome.Unauthenticated));
        point.P50!.Value.ShouldBe(Percentile(latencies, 0.50), 0.001);
        point.P95!.Value.ShouldBe(Percentile(latencies, 0.95), 0.001);
        point.P99!.Value.ShouldBe(Percentile(latencies, 0.99), 0.001);
    }

    private static double Percentile(double[] sorted, double q)
    {
        double place = q * (sorted.Length - 1);
        int below = (int)place;
        double above = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return sorted[below] + (place - below) * (above - sorted[below]);
    }
}
