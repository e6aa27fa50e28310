using System.Text;
using System.Text.Json.Nodes;

namespace Mcpx.Tests.Conformance;

/// <summary><c>docs/conformance.md</c> as the results make it.</summary>
internal static class ConformanceDocument
{
    public static string Write(ConformanceRuns runs)
    {
        var text = new StringBuilder();
        text.Append("""
            # Conformance

            The official MCP conformance suite, `@modelcontextprotocol/conformance@
            """).Append(Version()).Append("""
            `, run against the fixture server
            (`samples/Mcpx.ConformanceServer`, the official C# SDK) on every way there is. The numbers are checks passed of
            checks made. What passes directly must pass through the gateway: a test holds that, and that this page says what was
            measured. It is written by

                MCPX_UPDATE_DOCS=1 ./test ConformanceTests

            | way | |
            |---|---|
            | directly | the fixture server, without the gateway |
            | same era | through the server's endpoint; the server speaks the suite's era |
            | bridge | through the server's endpoint; the server speaks only the other era |
            | virtual | through a virtual gateway with that server as its only member |

            Scenarios that a revision does not require carry the suite's reason. The tasks extension is not part of the fixture
            server, so most of its checks fail on all ways.

            """);
        foreach (var revision in (string[])[ConformanceRuns.Session, ConformanceRuns.Stateless]) Write(text, runs, revision);
        return text.ToString();
    }

    private static void Write(StringBuilder text, ConformanceRuns runs, string revision)
    {
        ConformanceResult[] ways = [.. Enum.GetValues<Way>().Select(way => runs[revision, way])];
        text.Append("\n## ").Append(revision).Append("\n\n| scenario | directly | same era | bridge | virtual |\n|---|---|---|---|---|\n");
        foreach (var scenario in ways.SelectMany(way => way.Scenarios).Distinct())
        {
            var reason = ways[0].NotScored.TryGetValue(scenario, out var why) ? $" ({why})" : "";
            Row(text, scenario + reason, ways.Select(way => $"{way.Passed(scenario)} of {way.Judged(scenario)}"));
        }

        Row(text, "**required scenarios**", ways.Select(Total));
        text.Append("\nWhat is missing on the way and why:\n\n");
        foreach (var (why, scenarios) in ConformanceLosses.Of(revision, ways[0]))
            text.Append("- ").AppendJoin(", ", scenarios.Select(scenario => $"`{scenario}`")).Append(". ").Append(why).Append('\n');
    }

    private static void Row(StringBuilder text, string name, IEnumerable<string> scores) =>
        text.Append("| ").Append(name).Append(" | ").AppendJoin(" | ", scores).Append(" |\n");

    private static string Total(ConformanceResult result)
    {
        var required = result.Scenarios.Where(scenario => !result.NotScored.ContainsKey(scenario)).ToList();
        return $"**{required.Sum(result.Passed)} of {required.Sum(result.Judged)}**";
    }

    private static string Version() =>
        JsonNode.Parse(File.ReadAllText(NodeProgram.PathOf("@modelcontextprotocol", "conformance", "package.json")))!["version"]!.GetValue<string>();
}
