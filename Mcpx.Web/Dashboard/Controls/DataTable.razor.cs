using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>
/// A table whose paging and sorting happen on the server and stand in the address: headers and pager are links, so
/// they work with the keyboard, in a new tab and before the circuit is up. On phones each row becomes a card.
/// </summary>
[CascadingTypeParameter(nameof(TItem))]
public sealed partial class DataTable<TItem>(NavigationManager navigation) : ComponentBase
{
    private readonly List<Column<TItem>> _columns = [];

    /// <summary>What the table is, for screen readers.</summary>
    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    /// <summary>The rows of this page; null while they are loading.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<TItem>? Items { get; set; }

    [Parameter]
    public TableQuery Query { get; set; } = new();

    /// <summary>Rows altogether, where that is known.</summary>
    [Parameter]
    public long? Total { get; set; }

    /// <summary>For lists that know no total (cursors): whether another page follows.</summary>
    [Parameter]
    public bool HasMore { get; set; }

    /// <summary>The address of another slice; by default this address with page, sort and dir changed.</summary>
    [Parameter]
    public Func<TableQuery, string>? Url { get; set; }

    /// <summary>
    /// Another slice is told here instead of standing in the address: for a table in the middle of a page, since each
    /// navigation shows the page from its top.
    /// </summary>
    [Parameter]
    public EventCallback<TableQuery> OnQuery { get; set; }

    /// <summary>Where a row leads: the first cell becomes the link, and the whole row its target.</summary>
    [Parameter]
    public Func<TItem, string>? RowHref { get; set; }

    [Parameter]
    public Func<TItem, object>? RowKey { get; set; }

    [Parameter]
    public RenderFragment? Empty { get; set; }

    /// <summary>What went wrong, in words for the person; the table then offers <see cref="OnRetry"/>.</summary>
    [Parameter]
    public string? Error { get; set; }

    [Parameter]
    public EventCallback OnRetry { get; set; }

    /// <summary>As many rows as will probably come, so that little moves when they do.</summary>
    [Parameter]
    public int SkeletonRows { get; set; } = 8;

    [Parameter, EditorRequired]
    public RenderFragment? Columns { get; set; }

    private static readonly RenderFragment NothingHere = builder =>
    {
        builder.OpenComponent<EmptyState>(0);
        builder.AddComponentParameter(1, nameof(EmptyState.Title), "Nothing here");
        builder.CloseComponent();
    };

    private bool HasNext => Total is { } total ? (long)Query.Page * Query.PageSize < total : HasMore;

    private string RangeText
    {
        get
        {
            var first = ((long)Query.Page - 1) * Query.PageSize + 1;
            var range = $"{first:N0}–{first + (Items?.Count ?? 0) - 1:N0}";
            return Total is { } total ? $"{range} of {total:N0}" : range;
        }
    }

    internal void Add(Column<TItem> column) => _columns.Add(column);

    private string? AriaSort(Column<TItem> column) =>
        column.SortKey is null || column.SortKey != Query.Sort ? null : Query.Descending ? "descending" : "ascending";

    private string? HrefOf(TableQuery query) => OnQuery.HasDelegate ? null : UrlOf(query);

    private string UrlOf(TableQuery query) =>
        Url is not null ? Url(query) : navigation.GetUriWithQueryParameters(query.ToParameters());
}
