using System.Globalization;
using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>Which time the figures are of. Each choice is a link, so that back, reload and a shared address work.</summary>
public sealed partial class MetricRangePicker(NavigationManager navigation, TimeProvider time) : ComponentBase
{
    [Parameter, EditorRequired]
    public MetricsView View { get; set; } = new(new MetricQuery());

    /// <summary>What is shown now: a custom time begins with it.</summary>
    [Parameter]
    public MetricPlan? Plan { get; set; }

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private bool IsCustom => (View.Query.From ?? View.Query.To) is not null;

    private string? RangeKey => IsCustom ? null : View.Query.Range ?? MetricQuery.UsualRange;

    private IReadOnlyList<SegmentItem> Items =>
    [
        .. TimeRange.Kept.Select(range => new SegmentItem(range.Label, DashboardUrls.Metrics(Viewer.Organization, View.Over(range.Key)), range.Key == RangeKey)),
        new("Custom", CustomUrl, IsCustom),
    ];

    private string CustomUrl
    {
        get
        {
            if (IsCustom) return DashboardUrls.Metrics(Viewer.Organization, View);
            DateTimeOffset until = Plan?.Until ?? time.GetUtcNow(), from = Plan?.From ?? until - TimeSpan.FromDays(1);
            return DashboardUrls.Metrics(Viewer.Organization, View.Over(null, MetricWords.Iso(from), MetricWords.Iso(until)));
        }
    }

    private void Go(string? from, string? to) => navigation.NavigateTo(DashboardUrls.Metrics(Viewer.Organization, View.Over(null, InstantOf(from), InstantOf(to))));

    /// <summary>As the browser's field for a time writes it.</summary>
    private static string? LocalOf(string? instant) => TimeOf(instant)?.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>What is no time is left for the page to say so.</summary>
    private static string? InstantOf(string? text) => TimeOf(text) is { } instant ? MetricWords.Iso(instant) : text;

    private static DateTimeOffset? TimeOf(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset instant) ? instant : null;
}
