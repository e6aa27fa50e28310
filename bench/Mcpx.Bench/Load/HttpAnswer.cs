namespace Mcpx.Bench.Load;

/// <summary>One answer; <see cref="Body"/> is valid until the next request on the same connection.</summary>
internal readonly record struct HttpAnswer(int Status, bool Sse, string? Session, ReadOnlyMemory<byte> Body);
