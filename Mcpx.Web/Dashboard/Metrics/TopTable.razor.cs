using System.Globalization;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>One row: whose figures, where it narrows the page to, and where its calls are.</summary>
internal sealed record MetricRowView(MetricKey Key, MetricShare Share, string Name, string? Beside, bool IsGone, bool Mono, string Href, string? Calls, string? Failed, string? Refused, double Part)
{
    public string BarWidth => (Part * 100).ToString("0.#", CultureInfo.InvariantCulture);
}

/// <summary>The first of a ranking. A row narrows the page to what it is of; its counts lead to their calls.</summary>
public sealed partial class TopTable : ComponentBase
{
    [Parameter, EditorRequired]
    public MetricsView View { get; set; } = new(new MetricQuery());

    /// <summary>Null while it is read.</summary>
    [Parameter, EditorRequired]
    public MetricRanking? Ranking { get; set; }

    [Parameter]
    public string? Error { get; set; }

    [Parameter]
    public EventCallback OnRetry { get; set; }

    /// <summary>Where the calls of a row are; null where there is no such list.</summary>
    [Parameter, EditorRequired]
    public Func<MetricKey?, CallQuery, string?> Calls { get; set; } = (_, _) => null;

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private long Total => Ranking?.Total.Counts.Calls ?? 0;

    private TableQuery Sorted => new(Sort: MetricQueries.WordOf(View.Order), Descending: true);

    private IReadOnlyList<SegmentItem> Dimensions =>
    [
        .. new[] { MetricDimension.Server, MetricDimension.Tool, MetricDimension.Gateway, MetricDimension.Caller, MetricDimension.Method }
            .Select(by => new SegmentItem(MetricWords.Plural(by), DashboardUrls.Metrics(Viewer.Organization, View with { By = by }), by == View.By)),
    ];

    private IReadOnlyList<MetricRowView>? Rows
    {
        get
        {
            if (Ranking is not { } ranking) return null;
            double most = Math.Max(1, ranking.Shares.Select(s => s.Figures.Counts.Calls).DefaultIfEmpty().Max());
            return [.. ranking.Shares.Select(share => RowOf(ranking.By, share, share.Figures.Counts.Calls / most))];
        }
    }

    /// <summary>The worst come first, always: there is no list of the quickest.</summary>
    private string UrlOf(TableQuery query) => DashboardUrls.Metrics(Viewer.Organization, View with { Order = MetricQueries.OrderOf(query.Sort) ?? MetricOrder.Calls });

    private MetricRowView RowOf(MetricDimension by, MetricShare share, double part)
    {
        (string name, string? beside) = NameOf(by, share);
        CallQuery? behind = BehindOf(by, share);
        return new MetricRowView(
            share.Key, share, name, beside, share.Name?.IsGone is true, by is MetricDimension.Tool or MetricDimension.Method, DashboardUrls.Metrics(Viewer.Organization, NarrowedTo(by, share)),
            Link(""), Link(CallQuery.Failed), Link(CallQuery.Refused), part);

        string? Link(string outcome) => behind is null ? null : Calls(share.Key, behind with { Outcome = outcome.Length == 0 ? null : outcome });
    }

    private static (string Name, string? Beside) NameOf(MetricDimension by, MetricShare share)
    {
        bool none = share.Key.Id == Guid.Empty;
        string called = share.Name?.Name ?? share.Key.Id.ToString("D");
        return by switch
        {
            MetricDimension.Server => (none ? "No server" : called, none ? "what was refused before one was found" : null),
            MetricDimension.Gateway => (none ? "Without a gateway" : called, null),
            MetricDimension.Caller => (none ? "Not signed in" : called, null),
            MetricDimension.Tool => (string.IsNullOrEmpty(share.Key.Name) ? "no tool" : share.Key.Name, none ? "no server" : called),
            _ => (share.Key.Name ?? "", share.Key.Name == CallLabels.Other ? "methods that MCP does not know" : null),
        };
    }

    /// <summary>The page of this alone, with what there is to set apart within it.</summary>
    private MetricsView NarrowedTo(MetricDimension by, MetricShare share)
    {
        MetricQuery query = View.Query;
        string id = share.Name?.Slug ?? share.Key.Id.ToString("D");
        return by switch
        {
            MetricDimension.Server => View with { Query = query with { Server = id }, By = MetricDimension.Tool },
            MetricDimension.Gateway => View with { Query = query with { Gateway = id }, By = MetricDimension.Tool },
            // What a caller does is known by server for longest.
            MetricDimension.Caller => View with { Query = query with { Caller = share.Key.Id.ToString("D") }, By = MetricDimension.Server },
            MetricDimension.Tool when string.IsNullOrEmpty(share.Key.Name) => View with { Query = query with { Server = id }, By = MetricDimension.Method },
            MetricDimension.Tool => View with { Query = query with { Server = id, Tool = share.Key.Name }, By = MetricDimension.Method },
            _ => View with { Query = query with { Method = share.Key.Name }, By = MetricDimension.Server },
        };
    }

    /// <summary>Null where calls can't be asked for by what the row is of.</summary>
    private static CallQuery? BehindOf(MetricDimension by, MetricShare share)
    {
        if (share.Key.Id == Guid.Empty && by is not MetricDimension.Method) return null;
        string id = share.Name?.Slug ?? share.Key.Id.ToString("D");
        return by switch
        {
            MetricDimension.Server => new CallQuery(Server: id),
            MetricDimension.Gateway => new CallQuery(Gateway: id),
            MetricDimension.Caller => new CallQuery(),
            MetricDimension.Tool => string.IsNullOrEmpty(share.Key.Name) ? null : new CallQuery(Server: id, Tool: share.Key.Name),
            _ => share.Key.Name == CallLabels.Other ? null : new CallQuery(Method: share.Key.Name),
        };
    }
}
