using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Metrics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Mcpx.Web.Hosting;

/// <summary>Door 4, people: the Blazor Server dashboard, its services and its endpoints.</summary>
internal static class DashboardSetup
{
    /// <summary>
    /// One message of a circuit, in bytes: a list of two thousand tools pasted into a form is past SignalR's own 32 KiB, and
    /// a message past the limit ends the circuit.
    /// </summary>
    private const long LongestMessage = 1 << 20;

    public static IServiceCollection AddMcpxDashboard(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents().AddHubOptions(options => options.MaximumReceiveMessageSize = LongestMessage);
        services.AddCascadingAuthenticationState();
        services.AddAuthorization();
        services.TryAddSingleton(TimeProvider.System);
        services.AddScoped<Toasts>();
        return services;
    }

    /// <summary>What the pages of the capabilities need beyond the frame: who acts.</summary>
    public static IServiceCollection AddMcpxPages(this IServiceCollection services) =>
        services.AddScoped<DashboardSession>().AddSingleton<MetricNames>().AddExceptionHandler<MachineFailureHandler>();

    /// <summary>
    /// Call after authentication and authorization. Adds antiforgery (the components' endpoints ask for it), the page for
    /// addresses that lead nowhere, static assets and the pages.
    /// </summary>
    public static RazorComponentsEndpointConventionBuilder MapMcpxDashboard(this WebApplication app)
    {
        app.UseStatusCodePagesWithReExecute(DashboardUrls.NotFound, createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (!IsPersonLookingForAPage(context) && context.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
            return next(context);
        });
        app.UseAntiforgery();
        app.MapStaticAssets();
        var pages = app.MapRazorComponents<App>()
            // The one Content-Security-Policy of the process already says frame-ancestors; a second header would only confuse.
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
        pages.Add(KeepToOrganizations);
        // Generated figures that look real have no place beside real ones.
        if (!app.Environment.IsDevelopment()) pages.Finally(HideGallery);
        return pages;
    }

    /// <summary>
    /// Pages begin with an organisation's slug, which would also match the first segment of the other doors' addresses
    /// and answer an API request of the wrong media type with a sign-in page.
    /// </summary>
    private static void KeepToOrganizations(EndpointBuilder endpoint)
    {
        if (endpoint is not RouteEndpointBuilder { RoutePattern: { PathSegments: [{ Parts: [RoutePatternParameterPart { Name: "org" }] }, ..], RawText: { } template } } page) return;
        page.RoutePattern = RoutePatternFactory.Parse(template, defaults: null, parameterPolicies: new { org = new OrganizationConstraint() });
        // These pages act through their circuit; none takes a form.
        foreach (HttpMethodMetadata methods in page.Metadata.OfType<HttpMethodMetadata>().ToArray()) page.Metadata.Remove(methods);
        page.Metadata.Add(new HttpMethodMetadata([HttpMethods.Get]));
    }

    private sealed class OrganizationConstraint : IRouteConstraint, IParameterLiteralNodeMatchingPolicy
    {
        /// <summary>Keeps the pages out of the choice among an API path's endpoints, so that a wrong media type is 415 and not 404.</summary>
        public bool MatchesLiteral(string parameterName, string literal) => !Organization.ReservedSlugs.Contains(literal);

        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            values[routeKey] is string slug && !Organization.ReservedSlugs.Contains(slug);
    }

    private static void HideGallery(EndpointBuilder endpoint)
    {
        if (endpoint is not RouteEndpointBuilder { RoutePattern.RawText: DashboardUrls.Gallery }) return;
        endpoint.RequestDelegate = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };
    }

    // Agents and scripts get their own door's error shape, never a page: only a browser that navigates asks for text/html.
    private static bool IsPersonLookingForAPage(HttpContext context) => IsPersonLookingForAPage(context, context.Request.Path);

    /// <param name="path">The one that was asked for, where the request carries another by now.</param>
    internal static bool IsPersonLookingForAPage(HttpContext context, PathString path) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !MachineDoors.Any(door => path.StartsWithSegments(door, StringComparison.OrdinalIgnoreCase));

    private static readonly PathString[] MachineDoors = ["/mcp", "/api", "/oauth", "/.well-known", "/openapi"];
}
