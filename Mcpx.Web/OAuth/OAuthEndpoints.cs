using Mcpx.Core.OAuth;

namespace Mcpx.Web.OAuth;

/// <summary>Door 2: programs that get tokens, and clients that look for where to get them.</summary>
internal static class OAuthEndpoints
{
    public static void MapOAuth(this IEndpointRouteBuilder endpoints)
    {
        TokenEndpoint token = endpoints.ServiceProvider.GetRequiredService<TokenEndpoint>();
        Discovery discovery = endpoints.ServiceProvider.GetRequiredService<Discovery>();
        // Short-circuited like the agents' door: no cookie, no page and no session has a say here. Methods are refused by the
        // handlers, in JSON.
        endpoints.Map("/oauth/token", token.HandleAsync).ShortCircuit();
        endpoints.Map("/oauth/jwks", discovery.KeySetAsync).ShortCircuit();
        endpoints.Map("/.well-known/{**path}", discovery.MetadataAsync).ShortCircuit();
    }

    public static void AddMcpxOAuth(this IServiceCollection services) => services.AddSingleton<TokenEndpoint>().AddSingleton<Discovery>();

    /// <summary>RFC 6749, section 5.2.</summary>
    public static Task AnswerAsync(this HttpContext http, OAuthError error)
    {
        http.Response.StatusCode = error.Status;
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsJsonAsync(new { error = error.Code, error_description = error.Description }, http.RequestAborted);
    }
}
