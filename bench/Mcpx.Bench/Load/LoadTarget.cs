using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

/// <summary>Where calls go, as whom, and in which era and shape.</summary>
/// <param name="Era">The client's; what stands behind the endpoint may speak another.</param>
internal sealed record LoadTarget(Uri Endpoint, string Token, WireEra Era, AnswerShape Shape, int AnswerBytes)
{
    /// <summary>The tool as the endpoint calls it: a virtual gateway puts a prefix in front.</summary>
    public string Tool { get; init; } = McpWire.ToolName;

    /// <summary>When set, the answer has to be a stream of exactly so many events, the result the last of them.</summary>
    public int? Events { get; init; }

    /// <summary>When set, <c>tools/list</c> is asked in place of the tool, and has to show so many.</summary>
    public int? ListedTools { get; init; }
}
