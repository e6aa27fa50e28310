using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;

namespace Mcpx.Web.Dashboard;

/// <summary>The root document. It is always rendered on the server, so the theme's cookie is known before the first paint.</summary>
public sealed partial class App : ComponentBase
{
    private const string ThemeCookie = "mcpx-theme";

    private string? _theme;
    private IComponentRenderMode? _renderMode;

    [CascadingParameter]
    private HttpContext HttpContext { get; set; } = null!;

    protected override void OnInitialized()
    {
        // Anything but the two words is no theme: the value comes from the browser and stands in the markup.
        _theme = HttpContext.Request.Cookies[ThemeCookie] is "light" or "dark" ? HttpContext.Request.Cookies[ThemeCookie] : null;

        // Sign-in and error pages set cookies or answer without a circuit: [ExcludeFromInteractiveRouting] keeps them static.
        _renderMode = HttpContext.AcceptsInteractiveRouting() ? RenderMode.InteractiveServer : null;
    }
}
