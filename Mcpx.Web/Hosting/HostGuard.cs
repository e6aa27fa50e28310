namespace Mcpx.Web.Hosting;

/// <summary>Answers only under our own name: an unknown Host is DNS rebinding or a proxy that was set up wrongly.</summary>
internal sealed class HostGuard(RequestDelegate next, PublicAddress address)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (address.AllowsHost(http.Request.Host) || PublicAddress.IsProbe(http.Request.Path)) return next(http);
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        return http.Response.WriteAsync("mcpx is not reached under this name: set PUBLIC_URL to the address that clients use.\n", http.RequestAborted);
    }
}
