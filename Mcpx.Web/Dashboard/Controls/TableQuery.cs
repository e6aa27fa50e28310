namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Which slice of the rows a table shows; it stands in the page's address.</summary>
/// <param name="Page">Counted from one.</param>
/// <param name="Sort">The column's sort key; null for the page's own order.</param>
/// <param name="Descending">Largest first; of no meaning without a sort key.</param>
/// <param name="PageSize">Rows of a page.</param>
public sealed record TableQuery(int Page = 1, string? Sort = null, bool Descending = false, int PageSize = 25)
{
    /// <summary>From the address: nonsense becomes the first page.</summary>
    public static TableQuery From(int? page, string? sort, string? direction, int pageSize = 25) =>
        new(Math.Clamp(page ?? 1, 1, 1_000_000), string.IsNullOrEmpty(sort) ? null : sort, direction == "desc", pageSize);

    internal TableQuery SortedBy(string key, bool numeric) => this with
    {
        Page = 1,
        Sort = key,
        // The first click on a figure asks for the largest, on a name for the first.
        Descending = Sort == key ? !Descending : numeric,
    };

    internal IReadOnlyDictionary<string, object?> ToParameters() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["page"] = Page == 1 ? null : Page,
        ["sort"] = Sort,
        ["dir"] = Sort is null ? null : Descending ? "desc" : "asc",
    };
}
