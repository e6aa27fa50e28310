using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Overview;

/// <summary>How the organisation's gateway is doing now.</summary>
public sealed partial class OverviewPage : OrganizationPage
{
    private static readonly CallFilter Latest = new(Size: 8);
    private static readonly CallFilter Failures = new(Outcomes: CallQueries.FailedOutcomes, Size: 8);

    [SupplyParameterFromQuery(Name = "range")]
    private string? RangeKey { get; set; }

    private TimeRange Range => TimeRange.Live.FirstOrDefault(range => range.Key == RangeKey) ?? TimeRange.Default;

    private IReadOnlyList<SegmentItem> Ranges =>
        [.. TimeRange.Live.Select(range => new SegmentItem(range.Label, DashboardUrls.Overview(Organization, range), range == Range))];
}
