using System.Text.Json;
using Mcpx.Bench.Baselines;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Reporting;
using Mcpx.Bench.Runner;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Bench;

/// <summary>The whole bench with its real processes, but with so few calls that no figure of it means anything.</summary>
public sealed class BenchSmokeTests
{
    [Theory]
    [InlineData("stateless", "json")]
    [InlineData("session", "sse")]
    public async Task Every_answer_is_verified_and_every_configuration_has_its_row(string era, string answer)
    {
        var options = RunOptions.Parse(["--quick", "--configurations", "direct,passthrough", "--era", era, "--answer", answer]);

        var report = await new BenchRunner(options, TextWriter.Null, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        report.Measurements.ShouldAllBe(one => one.Verified);
        report.Rows.Select(row => (row.Scenario, row.Configuration, row.Calls)).ShouldBe(
        [
            ("closed loop, c=1", "direct", 50), ("closed loop, c=1", "passthrough", 50),
            ("closed loop, c=16", "direct", 100), ("closed loop, c=16", "passthrough", 100),
            ("open loop, 500/s", "direct", 50), ("open loop, 500/s", "passthrough", 50),
            ("answers of 64 KB, c=4", "direct", 10), ("answers of 64 KB, c=4", "passthrough", 10),
            ("answers of 100 events, c=4", "direct", 10), ("answers of 100 events, c=4", "passthrough", 10),
        ]);
        report.Rows.Where(row => row.Configuration == "passthrough").ShouldAllBe(row => row.Cpu!.Median > 0 && row.AddedP50 != null);
        report.Memory.ShouldAllBe(reading => reading.Configuration == "passthrough" && reading.ResidentBytes > 0);
        MarkdownReport.Render(report).ShouldContain("| passthrough |");
        JsonDocument.Parse(JsonReport.Render(report)).RootElement.GetProperty("measurements").GetArrayLength().ShouldBe(10);
    }

    [Fact]
    public async Task Every_way_through_the_gateway_is_measured_and_judged()
    {
        var options = RunOptions.Parse(["--quick", "--clients", "5", "--gateway", Repository.OutputOf("Mcpx.Web")]);

        var report = await new BenchRunner(options, TextWriter.Null, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        report.AllVerified.ShouldBeTrue(MarkdownReport.Render(report));
        // nginx is measured where it is installed; elsewhere the report says that it is not.
        string[] nginx = NginxProcess.Find() is null ? [] : [Configuration.Nginx];
        string[] leftOut = nginx.Length == 0 ? [NginxProcess.Missing] : [];
        report.LeftOut.ShouldBe(leftOut);
        report.Rows.Where(row => row.Scenario == "closed loop, c=16").Select(row => row.Configuration)
            .ShouldBe(Configuration.All.Where(name => name != Configuration.Nginx || nginx.Length > 0));
        report.Rows.Where(row => Configuration.IsGateways(row.Configuration)).ShouldAllBe(row => row.Allocated!.Median > 0 && row.Cpu!.Median > 0);
        report.Rows.Where(row => row.Scenario.StartsWith("tools/list", StringComparison.Ordinal)).Select(row => (row.Scenario, row.Configuration, row.Calls)).ShouldBe(
            from concurrency in new[] { 1, 4 }
            from configuration in (string[])["direct", "passthrough", .. nginx, "mcpx", "5 × 20 tools"]
            select ($"tools/list of 100, c={concurrency}", configuration, 20L));
        report.Clients.Select(reading => (reading.Endpoint, reading.StillOpen)).ShouldBe([("server", 5), ("bridge", 5), ("virtual gateway", 5)]);
        // On the raw leg each client's stream is one of the upstream's; a stream that the gateway answered alone would be cheap.
        report.Clients[0].UpstreamStreams.ShouldBe(5);
        report.Clients.ShouldAllBe(reading => reading.Idle.HeapBytes > 0 && reading.Idle.ResidentBytes > reading.Idle.HeapBytes);
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("virtual-bridge CPU per call ÷ passthrough, closed loop, c=1", 3.0));
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("5 open clients, virtual gateway: working set over idle", 100.0));
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("tools/list of 100, c=1, 5 × 20 tools, p99", 5.0));
        MarkdownReport.Render(report).ShouldContain("## Open clients");
        JsonDocument.Parse(JsonReport.Render(report)).RootElement.GetProperty("clients").GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task Clients_with_sessions_are_answered_through_virtual_gateways_of_either_era_and_two_gateways_are_compared()
    {
        var options = RunOptions.Parse(
        [
            "--quick", "--era", "session", "--parts", "calls", "--configurations", "virtual,virtual-bridge", "--scenarios", "c=1,500/s",
            "--gateway", Repository.OutputOf("Mcpx.Web"), "--against-variables", "MCPX_MAX_CALLS=100",
        ]);

        var report = await new BenchRunner(options, TextWriter.Null, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        report.AllVerified.ShouldBeTrue(MarkdownReport.Render(report));
        report.Measurements.Select(one => one.Configuration).Distinct().ShouldBe(["virtual", "other-virtual", "virtual-bridge", "other-virtual-bridge"], ignoreOrder: true);
        report.Measurements.Count.ShouldBe(12);
        report.Rows.Count(row => row.CpuToOther is not null).ShouldBe(6);
        report.Clients.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--clients", "10001")]
    [InlineData("--clients", "-1")]
    [InlineData("--clients", "1000,")]
    [InlineData("--seconds", "0")]
    [InlineData("--organizations", "10001")]
    [InlineData("--parts", "calls,nothing")]
    [InlineData("--configurations", "virtual,other")]
    [InlineData("--scenarios", "c=16,c=17")]
    [InlineData("--against-variables", "NAME")]
    [InlineData("--against-variables", "=1")]
    [InlineData("--against-variables", "A=1,A=2")]
    public void An_option_that_is_not_understood_is_named(string name, string value) =>
        Should.Throw<BenchException>(() => RunOptions.Parse([name, value])).Message.ShouldStartWith(name);

    [Fact]
    public void A_full_run_is_long_and_has_every_part_and_options_refine_it_wherever_they_stand()
    {
        var full = RunOptions.Parse(["--seconds", "30", "--full", "--peers"]);

        full.Parts.ShouldBe(RunParts.All);
        full.Clients.ShouldBe([1_000, 10_000]);
        full.Everything.ShouldBe([.. Configuration.All, "mcp-proxy", "supergateway"]);
        full.Scenarios.OfType<Scenario.Open>().Select(scenario => (scenario.CallsPerSecond, scenario.Calls)).ShouldBe([(200, 6_000), (500, 15_000), (1_000, 30_000)]);
        RunOptions.Parse([]).Parts.ShouldNotContain(RunParts.Snapshot);
        RunOptions.Parse(["--quick"]).Scenarios.OfType<Scenario.Open>().Single().Calls.ShouldBe(50);
        RunOptions.Parse(["--quick", "--seconds", "2"]).Scenarios.OfType<Scenario.Open>().Single().Calls.ShouldBe(1_000);
    }

    [Theory]
    [InlineData("answers of 1 MB, c=4", "virtual", false)]
    [InlineData("answers of 1 MB, c=4", "mcpx-metadata", true)]
    [InlineData("open loop, 500/s", "virtual", true)]
    [InlineData("open loop, 1000/s", "virtual", false)]
    [InlineData("open loop, 500/s", "supergateway", false)]
    [InlineData("closed loop, c=64", "supergateway", true)]
    public void A_scenario_is_given_to_whom_it_says_something_of(string scenario, string configuration, bool isFor) =>
        new RunOptions().Scenarios.Single(one => one.Name == scenario).IsFor(configuration).ShouldBe(isFor);
}
