using System.Text;
using System.Text.Json.Nodes;

namespace Mcpx.Tests.Conformance;

/// <summary><c>docs/conformance.md</c> as the results make it.</summary>
internal static class ConformanceDocument
{
    public static string Write(params IReadOnlyList<(string Revision, ConformanceResult Direct, ConformanceResult Through)> runs)
    {
        var text = new StringBuilder();
        text.Append("""
            # Conformance

            The official MCP conformance suite, `@modelcontextprotocol/conformance@
            """).Append(Version()).Append("""
            `, run against the fixture server
            (`samples/Mcpx.ConformanceServer`, the official C# SDK) directly and through the gateway. The numbers are checks passed
            of checks made. What passes directly must pass through the gateway: a test holds that, and that this page says what
            was measured. It is written by

                MCPX_UPDATE_DOCS=1 ./test ConformanceTests

            Scenarios that a revision does not require carry the suite's reason. The tasks extension is not part of the fixture
            server, so most of its checks fail on both ways.

            """);
        foreach (var (revision, direct, through) in runs)
        {
            text.Append("\n## ").Append(revision).Append("\n\n| scenario | directly | through the gateway |\n|---|---|---|\n");
            foreach (var scenario in direct.Scenarios.Union(through.Scenarios))
            {
                var reason = direct.NotScored.TryGetValue(scenario, out var why) ? $" ({why})" : "";
                text.Append("| ").Append(scenario).Append(reason).Append(" | ").Append(Score(direct, scenario)).Append(" | ").Append(Score(through, scenario)).Append(" |\n");
            }

            text.Append("| **required scenarios** | ").Append(Total(direct)).Append(" | ").Append(Total(through)).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Score(ConformanceResult result, string scenario) => $"{result.Passed(scenario)} of {result.Judged(scenario)}";

    private static string Total(ConformanceResult result)
    {
        var required = result.Scenarios.Where(scenario => !result.NotScored.ContainsKey(scenario)).ToList();
        return $"**{required.Sum(result.Passed)} of {required.Sum(result.Judged)}**";
    }

    private static string Version() =>
        JsonNode.Parse(File.ReadAllText(NodeProgram.PathOf("@modelcontextprotocol", "conformance", "package.json")))!["version"]!.GetValue<string>();
}
