using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One figure of an overview: what, how much, in which unit, compared with what, and where it comes from.</summary>
public sealed partial class StatTile : ComponentBase
{
    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    /// <summary>The figure as text; null while it is not known yet.</summary>
    [Parameter]
    public string? Value { get; set; }

    [Parameter]
    public string? Unit { get; set; }

    /// <summary>The line below, e.g. "+4.1 % vs last hour"; its room is kept when it is empty.</summary>
    [Parameter]
    public string? Note { get; set; }

    [Parameter]
    public Tone Tone { get; set; }

    /// <summary>The page that explains the figure; the whole tile leads there.</summary>
    [Parameter]
    public string? Href { get; set; }

    /// <summary>How the figure is counted, on hover.</summary>
    [Parameter]
    public string? Explain { get; set; }

    /// <summary>A sparkline.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
