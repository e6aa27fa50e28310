namespace Mcpx.Web.Hosting;

/// <summary>What every answer to a browser says about what may be done with it.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    // base-uri is 'self', not 'none': Blazor's pages carry <base href="/">, which 'none' would block.
    // No inline script, no foreign origin, no frame: an upstream's text that reached a page as markup stays inert.
    private const string ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    public Task InvokeAsync(HttpContext http)
    {
        IHeaderDictionary headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return next(http);
    }
}
