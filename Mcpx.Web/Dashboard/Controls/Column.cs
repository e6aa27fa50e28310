using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One column of a <see cref="DataTable{TItem}"/>; it draws nothing itself, the table does.</summary>
public sealed class Column<TItem> : ComponentBase
{
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>What the page sorts by when this header is chosen; null for a column that cannot be sorted.</summary>
    [Parameter]
    public string? SortKey { get; set; }

    /// <summary>Figures: right-aligned, tabular.</summary>
    [Parameter]
    public bool Numeric { get; set; }

    [Parameter]
    public bool Mono { get; set; }

    /// <summary>Takes the room that the others leave.</summary>
    [Parameter]
    public bool Grow { get; set; }

    [Parameter]
    public RenderFragment<TItem>? ChildContent { get; set; }

    [CascadingParameter]
    private DataTable<TItem>? Table { get; set; }

    internal string? HeadClass => Numeric ? "right" : null;

    internal string Classes => string.Join(' ', new[] { Numeric ? "num right" : null, Mono ? "mono" : null, Grow ? "grow" : null }.Where(name => name is not null));

    protected override void OnInitialized() => Table?.Add(this);
}
