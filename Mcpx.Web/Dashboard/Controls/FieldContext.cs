namespace Mcpx.Web.Dashboard.Controls;

/// <summary>What a field tells the input inside: its id, which texts describe it, and whether it is wrong.</summary>
public sealed record FieldContext(string Id, string? DescribedBy, bool Invalid, bool Required);
