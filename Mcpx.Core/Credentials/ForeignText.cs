namespace Mcpx.Core.Credentials;

/// <summary>What another server wrote, for a sentence of ours.</summary>
internal static class ForeignText
{
    /// <summary>Short, on one line, and marked as its words.</summary>
    public static string Quote(string? text, int longest) =>
        "“" + string.Concat((text ?? "").Take(longest).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)) + "”";
}
