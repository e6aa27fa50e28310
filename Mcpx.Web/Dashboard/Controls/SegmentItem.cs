namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One choice of <see cref="Segments"/>: a link, so that the choice stands in the address.</summary>
public sealed record SegmentItem(string Text, string Href, bool Current);
