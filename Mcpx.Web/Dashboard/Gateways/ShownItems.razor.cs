using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>The tools that a gateway shows, or its prompts, resources or templates; what is looked for stands in the address.</summary>
public sealed partial class ShownItems(NavigationManager navigation) : OrganizationPart
{
    private const int PageSize = 25;

    private TableQuery _query = new();
    private IReadOnlyList<ShownItem> _page = [];
    private string? _find;
    private string? _address;
    private long _total;

    [Parameter, EditorRequired]
    public GatewayExplanation Shown { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "kind")]
    private string? KindKey { get; set; }

    [SupplyParameterFromQuery(Name = "find")]
    private string? Find { get; set; }

    [SupplyParameterFromQuery(Name = "page")]
    private int? PageNumber { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "dir")]
    private string? Direction { get; set; }

    private CatalogItemKind Kind => Enum.TryParse(KindKey, ignoreCase: true, out CatalogItemKind kind) && Enum.IsDefined(kind) ? kind : CatalogItemKind.Tool;

    private IReadOnlyList<ShownItem> All => ItemsOf(Kind);

    private string Plural => PluralOf(Kind);

    private string CountText => _total == All.Count ? GatewayWords.Count(All.Count, Plural[..^1]) : $"{_total:N0} of {All.Count:N0} {Plural}";

    /// <summary>Kinds of which there is nothing are left out.</summary>
    private List<SegmentItem> Kinds =>
    [
        .. Enum.GetValues<CatalogItemKind>().Where(kind => kind is CatalogItemKind.Tool || kind == Kind || ItemsOf(kind).Count > 0)
            .Select(kind => new SegmentItem($"{char.ToUpperInvariant(PluralOf(kind)[0])}{PluralOf(kind)[1..]} {ItemsOf(kind).Count:N0}", AddressOf(kind), kind == Kind)),
    ];

    protected override void OnParametersSet()
    {
        // What is being typed is ahead of the address.
        if (_address is null || _address != Find) _find = _address = Find;
        ShownItem[] found = [.. Sorted(All.Where(Matches))];
        _total = found.Length;
        int last = Math.Max(1, (found.Length + PageSize - 1) / PageSize);
        _query = TableQuery.From(Math.Min(PageNumber ?? 1, last), Sort, Direction, PageSize);
        _page = [.. found.Skip((_query.Page - 1) * PageSize).Take(PageSize)];
    }

    private static string PluralOf(CatalogItemKind kind) => kind switch
    {
        CatalogItemKind.Tool => "tools",
        CatalogItemKind.Prompt => "prompts",
        CatalogItemKind.Resource => "resources",
        _ => "resource templates",
    };

    private IReadOnlyList<ShownItem> ItemsOf(CatalogItemKind kind) => kind switch
    {
        CatalogItemKind.Tool => Shown.Tools,
        CatalogItemKind.Prompt => Shown.Prompts,
        CatalogItemKind.Resource => Shown.Resources,
        _ => Shown.ResourceTemplates,
    };

    private bool Matches(ShownItem item) => string.IsNullOrWhiteSpace(_find)
        || Has(item.Item.Name) || Has(item.Item.UpstreamName) || Has(item.Server.Slug) || Has(item.Description() ?? "");

    private bool Has(string text) => text.Contains(_find!.Trim(), StringComparison.OrdinalIgnoreCase);

    /// <summary>Without a choice: in the order in which clients get them.</summary>
    private IEnumerable<ShownItem> Sorted(IEnumerable<ShownItem> items)
    {
        IEnumerable<ShownItem> sorted = Sort switch
        {
            "name" => items.OrderBy(i => i.Item.Name, StringComparer.OrdinalIgnoreCase),
            "server" => items.OrderBy(i => i.Server.Slug, StringComparer.Ordinal),
            "state" => items.OrderBy(i => i.Blocked is null),
            _ => items,
        };
        return Sort is not null && Direction == "desc" ? sorted.Reverse() : sorted;
    }

    private void Search(string? text)
    {
        _find = _address = string.IsNullOrWhiteSpace(text) ? null : text;
        navigation.NavigateTo(navigation.GetUriWithQueryParameters(new Dictionary<string, object?>(StringComparer.Ordinal) { ["find"] = _address, ["page"] = null }), replace: true);
    }

    private string AddressOf(CatalogItemKind kind) => navigation.GetUriWithQueryParameters(new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["kind"] = kind is CatalogItemKind.Tool ? null : kind.ToString().ToLowerInvariant(),
        ["page"] = null,
        ["sort"] = null,
        ["dir"] = null,
    });
}
