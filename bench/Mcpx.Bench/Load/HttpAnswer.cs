using System.Text;

namespace Mcpx.Bench.Load;

/// <summary>One answer; <see cref="Body"/> is valid until the next request on the same connection.</summary>
internal readonly record struct HttpAnswer(int Status, bool Sse, string? Session, ReadOnlyMemory<byte> Body)
{
    /// <summary>Enough of the body for a message about it.</summary>
    public string Excerpt => Encoding.UTF8.GetString(Body.Span[..Math.Min(Body.Length, 300)]);
}
