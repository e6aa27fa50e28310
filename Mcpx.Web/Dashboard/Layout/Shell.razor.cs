using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>The frame: the rail (a sheet on phones) and the page beside it.</summary>
public sealed partial class Shell(NavigationManager navigation) : ComponentBase, IDisposable
{
    private string _here = "";

    /// <summary>Null for somebody who is not signed in: then there is nothing to navigate to, and no rail.</summary>
    [Parameter, EditorRequired]
    public DashboardViewer? Viewer { get; set; }

    /// <summary>What stands at the right of a rail entry, e.g. "43" servers; entries without one stay plain.</summary>
    [Parameter]
    public IReadOnlyDictionary<NavigationKey, string>? Counts { get; set; }

    /// <summary>The organisations that the viewer may switch to.</summary>
    [Parameter]
    public IReadOnlyList<Membership>? Memberships { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    public void Dispose() => navigation.LocationChanged -= OnLocationChanged;

    protected override void OnInitialized()
    {
        _here = Path();
        navigation.LocationChanged += OnLocationChanged;
    }

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e)
    {
        _here = Path();
        _ = InvokeAsync(StateHasChanged);
    }

    // A bare "#main" would resolve against <base href>, i.e. lead to the home page.
    private string Path() => "/" + navigation.ToBaseRelativePath(navigation.Uri).Split('#')[0];
}
