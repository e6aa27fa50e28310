using System.Text.Json;
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
        ]);
        report.Rows.Where(row => row.Configuration == "passthrough").ShouldAllBe(row => row.Cpu!.Median > 0 && row.AddedP50 != null);
        report.Memory.ShouldAllBe(reading => reading.Configuration == "passthrough" && reading.ResidentBytes > 0);
        MarkdownReport.Render(report).ShouldContain("| passthrough |");
        JsonDocument.Parse(JsonReport.Render(report)).RootElement.GetProperty("measurements").GetArrayLength().ShouldBe(6);
    }

    [Fact]
    public async Task Every_way_through_the_gateway_is_measured_and_judged()
    {
        var options = RunOptions.Parse(["--quick", "--clients", "5", "--gateway", Repository.OutputOf("Mcpx.Web")]);

        var report = await new BenchRunner(options, TextWriter.Null, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        report.AllVerified.ShouldBeTrue(MarkdownReport.Render(report));
        report.Rows.Count(row => row.Scenario == "closed loop, c=16").ShouldBe(Configuration.All.Count);
        report.Rows.Where(row => Configuration.IsGateways(row.Configuration)).ShouldAllBe(row => row.Allocated!.Median > 0 && row.Cpu!.Median > 0);
        report.Rows.Where(row => row.Scenario.StartsWith("tools/list", StringComparison.Ordinal)).Select(row => (row.Scenario, row.Configuration, row.Calls))
            .ShouldBe([("tools/list, c=1", "5 × 20 tools", 20), ("tools/list, c=4", "5 × 20 tools", 20)]);
        report.Clients.Select(reading => (reading.Endpoint, reading.StillOpen)).ShouldBe([("server", 5), ("bridge", 5), ("virtual gateway", 5)]);
        // On the raw leg each client's stream is one of the upstream's; a stream that the gateway answered alone would be cheap.
        report.Clients[0].UpstreamStreams.ShouldBe(5);
        report.Clients.ShouldAllBe(reading => reading.Idle.HeapBytes > 0 && reading.Idle.ResidentBytes > reading.Idle.HeapBytes);
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("virtual-bridge CPU per call ÷ passthrough, closed loop, c=1", 3.0));
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("5 open clients, virtual gateway: working set over idle", 100.0));
        report.Targets.Select(line => (line.What, line.Limit)).ShouldContain(("tools/list, c=1 of 5 × 20 tools, p99", 5.0));
        MarkdownReport.Render(report).ShouldContain("## Open clients");
        JsonDocument.Parse(JsonReport.Render(report)).RootElement.GetProperty("clients").GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task Clients_with_sessions_are_answered_through_virtual_gateways_of_either_era()
    {
        var options = RunOptions.Parse(
            ["--quick", "--era", "session", "--parts", "calls", "--configurations", "virtual,virtual-bridge", "--gateway", Repository.OutputOf("Mcpx.Web")]);

        var report = await new BenchRunner(options, TextWriter.Null, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        report.AllVerified.ShouldBeTrue(MarkdownReport.Render(report));
        report.Measurements.Count.ShouldBe(6);
        report.Clients.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--clients", "10001")]
    [InlineData("--clients", "-1")]
    [InlineData("--parts", "calls,nothing")]
    [InlineData("--configurations", "virtual,other")]
    public void An_option_that_is_not_understood_is_named(string name, string value) =>
        Should.Throw<BenchException>(() => RunOptions.Parse([name, value])).Message.ShouldStartWith(name);
}
