using Mcpx.Core.Identity;
using Mcpx.Web.Authentication.Providers;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Authentication;

namespace Mcpx.Web.Authentication;

/// <summary>The schemes and policies of the doors, in one place to review.</summary>
internal static class AuthenticationSetup
{

    public static void AddMcpxAuthentication(this IServiceCollection services, McpxOptions options)
    {
        bool https = options.PublicUrl.Scheme == Uri.UriSchemeHttps;
        // The default for whatever names no scheme: above all the circuits of the dashboard. The policies below name theirs,
        // so a cookie never opens the REST door.
        services.AddAuthentication(Schemes.Dashboard)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthenticationHandler>(Schemes.Token, null)
            .AddCookie(Schemes.Dashboard, cookie =>
            {
                // __Host- binds the cookie to exactly this host over TLS; a browser refuses it on plain http.
                cookie.Cookie.Name = https ? "__Host-mcpx" : "mcpx";
                cookie.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.Cookie.Path = "/";
                // The session slides, and it does so in the database: an open circuit sends no request that could renew a cookie.
                cookie.ExpireTimeSpan = UserSession.LongestLife;
                cookie.SlidingExpiration = false;
                cookie.EventsType = typeof(SessionCookieEvents);
                cookie.LoginPath = AuthenticationPaths.SignIn;
                cookie.AccessDeniedPath = AuthenticationPaths.SignIn;
                cookie.ReturnUrlParameter = "returnUrl";
            })
            .AddProviders(options);
        services.AddSingleton<SessionCookieEvents>().AddSingleton<DashboardSignIn>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.ApiRead, p => p.AddAuthenticationSchemes(Schemes.Token).RequireClaim(McpxClaims.Scope, "api:read"))
            .AddPolicy(Policies.ApiWrite, p => p.AddAuthenticationSchemes(Schemes.Token).RequireClaim(McpxClaims.Scope, "api:write"))
            .AddPolicy(Policies.Dashboard, p => p.AddAuthenticationSchemes(Schemes.Dashboard).RequireAuthenticatedUser());
    }
}
