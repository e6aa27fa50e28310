using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>The tools that a gateway shows, or its prompts, resources or templates.</summary>
public sealed partial class ShownItems : OrganizationPart
{
    private const int PageSize = 25;

    private TableQuery _query = new(PageSize: PageSize);
    private CatalogItemKind _kind;
    private IReadOnlyList<ShownItem> _page = [];
    private string? _find;
    private long _total;

    [Parameter, EditorRequired]
    public GatewayExplanation Shown { get; set; } = null!;

    private IReadOnlyList<ShownItem> All => ItemsOf(_kind);

    private string Plural => PluralOf(_kind);

    private string CountText => _total == All.Count ? GatewayWords.Count(All.Count, Plural[..^1]) : $"{_total:N0} of {All.Count:N0} {Plural}";

    /// <summary>Kinds of which there is nothing are left out.</summary>
    private IReadOnlyList<SelectOption<CatalogItemKind>> Kinds =>
    [
        .. Enum.GetValues<CatalogItemKind>().Where(kind => kind is CatalogItemKind.Tool || kind == _kind || ItemsOf(kind).Count > 0)
            .Select(kind => new SelectOption<CatalogItemKind>(kind, $"{char.ToUpperInvariant(PluralOf(kind)[0])}{PluralOf(kind)[1..]} ({ItemsOf(kind).Count:N0})")),
    ];

    protected override void OnParametersSet() => Turn(_query);

    private void Turn(TableQuery query)
    {
        ShownItem[] found = [.. Sorted(All.Where(Matches), query)];
        _total = found.Length;
        // The list may have become shorter than the page that is open.
        int last = Math.Max(1, (found.Length + PageSize - 1) / PageSize);
        _query = query with { Page = Math.Min(query.Page, last) };
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
    private static IEnumerable<ShownItem> Sorted(IEnumerable<ShownItem> items, TableQuery query)
    {
        IEnumerable<ShownItem> sorted = query.Sort switch
        {
            "name" => items.OrderBy(i => i.Item.Name, StringComparer.OrdinalIgnoreCase),
            "server" => items.OrderBy(i => i.Server.Slug, StringComparer.Ordinal),
            "state" => items.OrderBy(i => i.Blocked is null),
            _ => items,
        };
        return query is { Sort: not null, Descending: true } ? sorted.Reverse() : sorted;
    }

    private void Search(string? text)
    {
        _find = text;
        Turn(_query with { Page = 1 });
    }

    private void ChooseKind(CatalogItemKind kind)
    {
        _kind = kind;
        Turn(new TableQuery(PageSize: PageSize));
    }
}
