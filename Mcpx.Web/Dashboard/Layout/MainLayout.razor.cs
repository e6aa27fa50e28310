using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Mcpx.Web.Dashboard.Layout;

public sealed partial class MainLayout : LayoutComponentBase
{
    private DashboardViewer? _viewer;

    [CascadingParameter]
    private Task<AuthenticationState>? AuthenticationState { get; set; }

    protected override async Task OnParametersSetAsync()
    {
        if (AuthenticationState is { } state) _viewer = DashboardViewer.From((await state).User);
    }
}
