using Mcpx.Bench.Reporting;
using Mcpx.Bench.Runner;
using Shouldly;
using Xunit;
using BenchConfiguration = Mcpx.Bench.Runner.Configuration;

namespace Mcpx.Tests.Bench;

/// <summary>What a report says of measurements that are made up: how fast anything is plays no part.</summary>
public sealed class ReportTests
{
    private const double Megabyte = 1_000_000;

    [Theory]
    [InlineData("mcpx", "closed loop, c=16", 100, 5, true)]
    [InlineData("mcpx", "closed loop, c=64", 101, 5, false)]
    [InlineData("mcpx-metadata", "closed loop, c=16", 50, 2.5, true)]
    [InlineData("mcpx-metadata", "closed loop, c=64", 51, 2.5, false)]
    [InlineData("mcpx", "answers of 64 KB, c=4", 51, 2.5, false)]
    [InlineData("mcpx", "answers of 1 MB, c=4", 40, 2, true)]
    public void CPU_is_judged_by_nginx(string configuration, string scenario, double cpu, double limit, bool met)
    {
        var report = Report([One("nginx", scenario) with { Cpu = 20 }, One(configuration, scenario) with { Cpu = cpu }]);

        var line = report.Targets.Single(one => one.What == $"{configuration} CPU per call ÷ nginx, {scenario}");

        line.Limit.ShouldBe(limit);
        line.Seen.Median.ShouldBe(cpu / 20);
        line.Met.ShouldBe(met);
    }

    [Fact]
    public void Two_gateways_are_compared_within_each_round()
    {
        const string Scene = "closed loop, c=16";
        var report = Report(
        [
            One("other-mcpx", Scene) with { Cpu = 20, P50 = 300, Allocated = 8_000 }, One("mcpx", Scene) with { Cpu = 15, P50 = 250, Allocated = 7_000 },
            One("other-mcpx", Scene) with { Round = 2, Cpu = 200, P50 = 900, Allocated = 8_000 }, One("mcpx", Scene) with { Round = 2, Cpu = 100, P50 = 910, Allocated = 7_500 },
        ]);

        var row = report.Rows.Single(row => row.Configuration == "mcpx");

        (row.CpuToOther!.Min, row.CpuToOther.Max).ShouldBe((0.5, 0.75));
        (row.P50BeyondOther!.Min, row.P50BeyondOther.Max).ShouldBe((-50, 10));
        row.AllocatedBeyondOther!.Max.ShouldBe(-500);
        report.Rows.Single(row => row.Configuration == "other-mcpx").CpuToOther.ShouldBeNull();
        MarkdownReport.Render(report).ShouldContain($"| {Scene} | mcpx | {row.CpuToOther.Show("0.00")} |");
    }

    [Fact]
    public void Without_nginx_nothing_is_judged_by_it_and_the_report_says_why()
    {
        var report = Report([One("mcpx", "closed loop, c=16")]) with { LeftOut = ["nginx is missing"] };

        report.Targets.ShouldNotContain(line => line.What.Contains("nginx", StringComparison.Ordinal));
        MarkdownReport.Render(report).ShouldContain("**Left out:** nginx is missing");
    }

    [Theory]
    [InlineData(10_000, 35_000, true)]
    [InlineData(5_000, 17_500, true)]
    [InlineData(9_999, 35_000, false)]
    public void Throughput_is_judged_as_a_share_of_what_goes_through_without_a_proxy(double through, double direct, bool met)
    {
        const string Scene = "closed loop, c=64";

        var line = Report([One("direct", Scene) with { CallsPerSecond = direct }, One("mcpx", Scene) with { CallsPerSecond = through }])
            .Targets.Single(one => one.What.StartsWith("calls/s", StringComparison.Ordinal));

        line.AtLeast.ShouldBeTrue();
        line.Met.ShouldBe(met);
    }

    [Fact]
    public void Latency_and_allocation_of_the_raw_leg_are_judged_where_they_say_something()
    {
        Measurement[] all =
        [
            One("direct", "closed loop, c=1") with { P50 = 100 }, One("mcpx", "closed loop, c=1") with { P50 = 650 },
            One("mcpx", "closed loop, c=16") with { Allocated = 7_900 },
            One("direct", "open loop, 500/s") with { P99 = 1_000 }, One("mcpx", "open loop, 500/s") with { P99 = 5_900 },
        ];

        Report(all).Targets.Select(line => (line.What, line.Limit, Seen: Math.Round(line.Seen.Median, 2), line.Met)).ShouldBe(
        [
            ("added p50, closed loop, c=1", 0.5, 0.55, false),
            ("allocated per call, closed loop, c=16", 8, 7.9, true),
            ("added p99, open loop, 500/s", 5, 4.9, true),
        ]);
    }

    [Fact]
    public void Memory_starts_clients_and_scale_are_judged()
    {
        var report = Report([]) with
        {
            Memory = [Reading("before the first call", 171), Reading("after 10,000 calls", 219), Reading("at the end", 900), Reading("before the first call", 900) with { Configuration = "passthrough" }],
            ColdStartSeconds = [2.9, 2.8, 9],
            Clients = [new ClientsReading("server", 10_000, 10_000, 10_000, Settled(100), Settled(260), 0, 0, 0)],
            Scale = new ScaleReading(10_000, 20, State(100, 50), State(119, 50)),
        };

        report.Targets.Select(line => (line.What, line.Limit, line.Met)).ShouldBe(
        [
            ("working set before the first call", 170, false),
            ("working set after 10,000 calls", 220, true),
            ("cold start to /readyz, existing database", 3, true),
            ("10,000 open clients, server: working set over idle", 150, false),
            ("CPU per call with 10,000 organisations ÷ with one", 1.1, false),
        ]);
        report.AllVerified.ShouldBeTrue();
        MarkdownReport.Render(report).ShouldContain("## 10,000 organisations with 20 servers each");
    }

    [Fact]
    public void What_slows_the_passthrough_as_well_is_no_cost_of_many_organisations() =>
        new ScaleReading(10_000, 20, State(100, 50), State(200, 100)).CpuRatio!.Median.ShouldBe(1);

    [Theory]
    [InlineData(100, 0, 0, true)]
    [InlineData(99, 0, 0, false)]
    [InlineData(101, 0, 0, false)]
    [InlineData(100, 1, 0, false)]
    [InlineData(100, 0, 1, false)]
    public void A_run_is_verified_only_when_every_answer_was_right_and_the_upstream_counted_as_many(long counted, long failed, long wrongCredentials, bool verified)
    {
        var report = Report([One("mcpx", "closed loop, c=16") with { UpstreamCalls = counted, Failed = failed, WrongCredentials = wrongCredentials }]);

        report.AllVerified.ShouldBe(verified);
        MarkdownReport.Render(report).Contains("**Not verified:** mcpx", StringComparison.Ordinal).ShouldBe(!verified);
    }

    [Fact]
    public void The_table_shows_the_ratio_to_nginx_the_working_set_and_other_peoples_versions()
    {
        const string Scene = "closed loop, c=16";
        var report = Report([One("nginx", Scene) with { Cpu = 20 }, One("mcpx", Scene) with { Cpu = 50, ResidentBytes = (long)(123 * Megabyte) }]) with { Versions = ["mcp-proxy 1.2.3"] };

        var text = MarkdownReport.Render(report);

        var head = text.Split('\n').Single(line => line.Contains("÷ nginx", StringComparison.Ordinal) && line.StartsWith("| |", StringComparison.Ordinal)).Split('|');
        var row = text.Split('\n').Single(line => line.StartsWith("| mcpx |", StringComparison.Ordinal)).Split('|');
        row.Length.ShouldBe(head.Length);
        row[Array.IndexOf(head, " ÷ nginx ")].Trim().ShouldBe("2.50");
        row[Array.IndexOf(head, " MB ")].Trim().ShouldBe("123");
        text.ShouldContain("mcp-proxy 1.2.3");
    }

    private static Measurement One(string configuration, string scenario) => new()
    {
        Configuration = configuration,
        Scenario = scenario,
        Round = 1,
        Calls = 100,
        Failed = 0,
        UpstreamCalls = 100,
        WrongCredentials = 0,
        Problems = [],
        CallsPerSecond = 1_000,
        Cpu = configuration == BenchConfiguration.Direct ? null : 30,
        DatabaseCpu = null,
        UpstreamCpu = 10,
        GeneratorCpu = 10,
        P50 = 100,
        P99 = 200,
        Max = 300,
        LatenessP99 = 0,
        Allocated = null,
        ResidentBytes = null,
        ReachesUpstream = true,
    };

    private static MemoryReading Reading(string when, double megabytes) => new(BenchConfiguration.Mcpx, when, (long)(megabytes * Megabyte), null);

    private static SettledMemory Settled(double megabytes) => new((long)(megabytes * Megabyte), 1);

    private static ScaleState State(double gateway, double passthrough) =>
        new(1, Settled(100), [One("mcpx", "closed loop, c=16") with { Cpu = gateway }, One("passthrough", "closed loop, c=16") with { Cpu = passthrough }]);

    private static BenchReport Report(IReadOnlyList<Measurement> measurements) =>
        new(RunEnvironment.Current(TimeProvider.System), new RunOptions(), [], [], measurements, [], [], [], [], null);
}
