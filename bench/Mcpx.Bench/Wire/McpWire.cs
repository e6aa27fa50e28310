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

/// <summary>The words that both ends of a measurement must spell alike.</summary>
internal static class McpWire
{
    public const string StatelessVersion = "2026-07-28";
    public const string SessionVersion = "2025-11-25";
    public const string SessionHeader = "Mcp-Session-Id";
    public const string ToolName = "echo";
    public const int NonceLength = 16;

    /// <summary>A nonce stands at the start and at the end of the text, so that a cut or mixed answer shows.</summary>
    public const int SmallestAnswer = 2 * NonceLength;

    /// <summary>The path of the upstream's endpoint that speaks this era only, or both for the stateless one, and answers in this shape.</summary>
    public static string PathOf(WireEra era, AnswerShape shape) =>
        $"/{(era == WireEra.Session ? "session" : "modern")}/{(shape == AnswerShape.Sse ? "sse" : "json")}/mcp";
}
