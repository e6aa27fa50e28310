using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Operations;

/// <summary>Which organisations call most, and how that goes; part of a page for who runs the installation.</summary>
public sealed partial class OrganizationsCard(InstallationFigures figures) : OrganizationPart
{
    private const int Shown = 20;

    private MetricRanking? _ranking;
    private string? _error;
    private string? _asked;

    /// <summary>As it stands in the page's address; null for the usual range.</summary>
    [Parameter]
    public string? RangeKey { get; set; }

    private string Range => TimeRange.Kept.Any(r => r.Key == RangeKey) ? RangeKey! : MetricQuery.UsualRange;

    private IReadOnlyList<SegmentItem> Ranges => [.. TimeRange.Kept.Select(r => new SegmentItem(r.Label, DashboardUrls.Operations(Organization, r.Key), r.Key == Range))];

    protected override async Task OnParametersSetAsync()
    {
        // The page is drawn anew every two seconds, and this with it.
        if (_asked == Range) return;
        (_asked, _ranking) = (Range, null);
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        string range = Range;
        MetricRanking? ranking = null;
        string? error = await ReadAsync(async actor => ranking = await figures.RankAsync(actor, new MetricQuery(Range: range), MetricOrder.Calls, Shown, Left));
        if (range == Range) (_ranking, _error) = (ranking, error);
    }

    private static string NameOf(MetricShare share) => share.Key.Id == Guid.Empty ? "None that exists" : share.Name?.Name ?? "An organisation that is gone";
}
