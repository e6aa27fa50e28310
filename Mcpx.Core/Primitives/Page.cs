namespace Mcpx.Core.Primitives;

/// <summary>A slice of a list in a stable order.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="Next">The opaque cursor of the next slice; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
