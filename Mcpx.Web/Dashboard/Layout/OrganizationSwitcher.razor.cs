using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>Which organisation this is, and the person's others: links, so that one opens in a tab of its own too.</summary>
public sealed partial class OrganizationSwitcher : ComponentBase
{
    [Parameter, EditorRequired]
    public DashboardViewer Viewer { get; set; } = null!;

    /// <summary>Null while they are not known: the page does not wait for a convenience.</summary>
    [Parameter]
    public IReadOnlyList<Membership>? Memberships { get; set; }
}
