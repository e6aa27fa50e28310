using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

public sealed class ConformanceTests(ConformanceRuns runs) : IClassFixture<ConformanceRuns>
{
    [Theory]
    [InlineData(ConformanceRuns.Session, Way.Raw)]
    [InlineData(ConformanceRuns.Session, Way.Bridge)]
    [InlineData(ConformanceRuns.Session, Way.VirtualGateway)]
    [InlineData(ConformanceRuns.Stateless, Way.Raw)]
    [InlineData(ConformanceRuns.Stateless, Way.Bridge)]
    [InlineData(ConformanceRuns.Stateless, Way.VirtualGateway)]
    public void Nothing_that_passes_directly_fails_through_the_gateway(string revision, Way way)
    {
        var (direct, through) = (runs[revision, Way.Direct], runs[revision, way]);

        direct.Scenarios.Count.ShouldBeGreaterThan(30);
        through.Scenarios.ShouldBe(direct.Scenarios);
        direct.LostIn(through, except: ConformanceLosses.On(way, revision)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ConformanceRuns.Session, Way.Bridge)]
    [InlineData(ConformanceRuns.Session, Way.VirtualGateway)]
    [InlineData(ConformanceRuns.Stateless, Way.Bridge)]
    [InlineData(ConformanceRuns.Stateless, Way.VirtualGateway)]
    public void What_is_said_to_be_lost_on_a_way_is_lost_indeed(string revision, Way way)
    {
        var (direct, through) = (runs[revision, Way.Direct], runs[revision, way]);

        ConformanceLosses.On(way, revision).Where(check => !direct.LostIn(through).Any(lost => lost.Contains($": {check} ", StringComparison.Ordinal))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ConformanceRuns.Session)]
    [InlineData(ConformanceRuns.Stateless)]
    public void The_fixture_server_passes_every_required_scenario(string revision)
    {
        var direct = runs[revision, Way.Direct];

        direct.Statuses.Where(check => check.Value == "FAILURE" && !direct.NotScored.ContainsKey(check.Key.Scenario))
            .Select(check => $"{check.Key.Scenario}: {check.Key.Id} {direct.Errors[check.Key]}")
            .ShouldBeEmpty();
    }

    [Fact]
    public void The_document_says_what_was_measured()
    {
        var file = Repository.PathOf("docs", "conformance.md");
        var measured = ConformanceDocument.Write(runs);

        if (Environment.GetEnvironmentVariable("MCPX_UPDATE_DOCS") == "1") File.WriteAllText(file, measured);

        File.ReadAllText(file).ShouldBe(measured, "docs/conformance.md is written anew with MCPX_UPDATE_DOCS=1.");
    }
}
