namespace Mcpx.Core.Protocol;

/// <summary>Reads what a client says of the trace that its call belongs to (W3C Trace Context, section 3.2).</summary>
public static class TraceContext
{
    /// <summary>Of version 00: version, trace id, parent id, flags.</summary>
    public const int ParentLength = 55;

    /// <summary>The header, and the member of <c>_meta</c>.</summary>
    public const string ParentKey = "traceparent";

    private const int IdStart = 3;
    private const int IdLength = 32;

    /// <summary>The trace id of a <c>traceparent</c>; null for what is none, which is passed on and not kept.</summary>
    public static string? IdOf(string? parent)
    {
        if (parent is not { Length: ParentLength } || parent[2] != '-' || parent[IdStart + IdLength] != '-' || parent[52] != '-') return null;
        ReadOnlySpan<char> id = parent.AsSpan(IdStart, IdLength);
        bool isId = id.IndexOfAnyExcept(LowerHex) < 0 && id.ContainsAnyExcept('0');
        bool isParent = parent.AsSpan(36, 16).IndexOfAnyExcept(LowerHex) < 0 && parent.AsSpan(0, 2).IndexOfAnyExcept(LowerHex) < 0 && parent.AsSpan(53).IndexOfAnyExcept(LowerHex) < 0;
        return isId && isParent && !parent.StartsWith("ff", StringComparison.Ordinal) ? id.ToString() : null;
    }

    private static System.Buffers.SearchValues<char> LowerHex { get; } = System.Buffers.SearchValues.Create("0123456789abcdef");
}
