namespace Mcpx.Bench.Wire;

internal enum WireEra
{
    Stateless,
    Session,
}

internal enum AnswerShape
{
    Json,
    Sse,
}

/// <summary>Which eras an endpoint of the upstream knows; whoever comes in another one is refused.</summary>
internal enum UpstreamEras
{
    Both,
    Stateless,
    Session,
}

/// <summary>The words that both ends of a measurement must spell alike.</summary>
internal static class McpWire
{
    public const string StatelessVersion = "2026-07-28";
    public const string SessionVersion = "2025-11-25";
    public const string SessionHeader = "Mcp-Session-Id";
    public const string ToolName = "echo";
    public const string ProgressToken = "bench-progress";
    public const int NonceLength = 16;

    /// <summary>A nonce stands at the start and at the end of the text, so that a cut or mixed answer shows.</summary>
    public const int SmallestAnswer = 2 * NonceLength;

    /// <summary>The path of the upstream's endpoint that knows these eras, answers in this shape and lists so many tools.</summary>
    public static string PathOf(UpstreamEras eras, AnswerShape shape, int tools = 1) => $"/{eras}/{shape}/{tools}/mcp".ToLowerInvariant();
}
