using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>Organisation, navigation, and the menu of the person who is signed in.</summary>
public sealed partial class Rail : ComponentBase
{
    /// <summary>The organisations that the viewer may switch to.</summary>
    [Parameter]
    public IReadOnlyList<Membership>? Memberships { get; set; }

    [Parameter, EditorRequired]
    public DashboardViewer Viewer { get; set; } = null!;

    [Parameter]
    public IReadOnlyDictionary<NavigationKey, string>? Counts { get; set; }

    private string Initials => string.Concat(
        Viewer.Name.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2).Select(part => char.ToUpperInvariant(part[0])));
}
