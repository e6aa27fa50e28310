using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>The filters of the audit log. Each change is a new address, so that back, reload and a shared link work.</summary>
public sealed partial class AuditFilters(NavigationManager navigation) : ComponentBase
{
    private static readonly IReadOnlyList<SelectOption<string>> Logs = [new("", "This organisation"), new(AuditQuery.Installation, "The installation")];

    private static readonly IReadOnlyList<SelectOption<string>> Ranges =
        [new("", "Any time"), .. TimeRange.All.Select(range => new SelectOption<string>(range.Key, $"Last {range.Label}"))];

    [Parameter, EditorRequired]
    public AuditQuery Query { get; set; } = new();

    [Parameter, EditorRequired]
    public IReadOnlyList<SelectOption<string>> People { get; set; } = [];

    /// <summary>Empty unless one is chosen.</summary>
    [Parameter]
    public IReadOnlyList<SelectOption<string>> Subjects { get; set; } = [];

    [Parameter]
    public bool OffersInstallation { get; set; }

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    /// <summary>What the address says is shown even when the list does not offer it.</summary>
    private static IReadOnlyList<SelectOption<string>> WithCurrent(IReadOnlyList<SelectOption<string>> options, string? current) =>
        current is null || options.Any(option => option.Value == current) ? options : [.. options, new(current, current)];

    private void Go(AuditQuery query) => navigation.NavigateTo(DashboardUrls.Audit(Viewer.Organization, query with { Before = null }));
}
