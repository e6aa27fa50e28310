using System.Globalization;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Metrics;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>A time in seven figures, each beside that of the time before, and each leading to the calls it is of.</summary>
public sealed partial class MetricTiles : ComponentBase
{
    private static readonly (string Label, double Share)[] Percentiles = [("p50 latency", 0.50), ("p95 latency", 0.95), ("p99 latency", 0.99)];

    /// <summary>Null while it is read.</summary>
    [Parameter, EditorRequired]
    public MetricHistory? History { get; set; }

    /// <summary>Where the calls are; null where there is no such list.</summary>
    [Parameter, EditorRequired]
    public Func<MetricKey?, CallQuery, string?> Calls { get; set; } = (_, _) => null;

    private MetricFigures? Total => History?.Total;

    private MetricFigures? Previous => History?.Previous;

    private string Compared => History is not { } history ? ""
        : history.Previous is null ? "The time before is not kept, so there is nothing to compare with."
        : $"Compared with the {MetricWords.Length(history.Plan.To - history.Plan.From)} before.";

    private string? Text(Func<MetricFigures, string> figure) => Total is { } total ? figure(total) : null;

    private string? Note(string? change) => Total is null ? null : change is null ? Previous is null ? "no earlier figures" : "none before" : change is "none before" or "unchanged" ? change : $"{change} vs before";

    private string? Link(CallQuery query) => Calls(null, query);

    /// <summary>The calls at that percentile and above: those that somebody who clicks it looks for.</summary>
    private string? SlowerThan(double share) =>
        Total?.Total.Percentile(share) is { } milliseconds ? Link(new CallQuery { MinMs = Math.Round(milliseconds, 3).ToString(CultureInfo.InvariantCulture) }) : null;
}
