using Mcpx.Core.Metrics;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>What the metrics page shows; it stands in the page's address.</summary>
/// <param name="By">What the table at the bottom sets apart.</param>
public sealed record MetricsView(MetricQuery Query, MetricDimension By = MetricDimension.Server, MetricOrder Order = MetricOrder.Calls)
{
    /// <summary>Of one server, by its slug or id.</summary>
    public static MetricsView OfServer(string server) => new(new MetricQuery(Server: server), MetricDimension.Tool);

    /// <summary>Of one virtual gateway, by its slug or id.</summary>
    public static MetricsView OfGateway(string gateway) => new(new MetricQuery(Gateway: gateway), MetricDimension.Tool);

    /// <summary>What does not make sense as a dimension or an order is the usual one; what does not as a question is said on the page.</summary>
    /// <param name="value">The value of a name in the address; null where it has none.</param>
    public static MetricsView Parse(Func<string, string?> value) => new(
        MetricQuery.Parse(value), MetricQueries.DimensionOf(value("by")) ?? MetricDimension.Server, MetricQueries.OrderOf(value("order")) ?? MetricOrder.Calls);

    /// <summary>The part of an address behind the question mark.</summary>
    public string ToText()
    {
        string[] parts =
        [
            Query.ToText(),
            By is MetricDimension.Server ? "" : $"by={MetricQueries.WordOf(By)}",
            Order is MetricOrder.Calls ? "" : $"order={MetricQueries.WordOf(Order)}",
        ];
        return string.Join('&', parts.Where(part => part.Length > 0));
    }

    /// <summary>Another time, and with it the steps that fit it.</summary>
    public MetricsView Over(string? range, string? from = null, string? to = null) =>
        this with { Query = Query with { Range = range == MetricQuery.UsualRange ? null : range, From = from, To = to, Step = null } };
}
