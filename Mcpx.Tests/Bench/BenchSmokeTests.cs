using System.Text.Json;
using Mcpx.Bench.Reporting;
using Mcpx.Bench.Runner;
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
}
