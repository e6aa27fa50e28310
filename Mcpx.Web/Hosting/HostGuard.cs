using Mcpx.Web.Hosting.Telemetry;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Answers only under our own name, since an unknown Host is DNS rebinding or a proxy that was set up wrongly, and opens
/// circuits only to our own pages.
/// </summary>
internal sealed class HostGuard(RequestDelegate next, PublicAddress address, TelemetrySettings telemetry)
{
    public Task InvokeAsync(HttpContext http)
    {
        // A circuit is a WebSocket, which a browser opens to any site for any page: only Origin says whose page it is.
        if (http.Request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase) && !address.AllowsOrigin(http.Request.Headers.Origin))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }

        if (address.AllowsHost(http.Request.Host) || IsForMachines(http.Request.Path)) return next(http);
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        return http.Response.WriteAsync("mcpx is not reached under this name: set PUBLIC_URL to the address that clients use.\n", http.RequestAborted);
    }

    /// <summary>Probes and scrapers come to a replica by its own address. What a page in a browser can't have, a token, guards the figures.</summary>
    private bool IsForMachines(PathString path) => PublicAddress.IsProbe(path) || telemetry.MetricsToken is not null && path == MetricsDoor.Path;
}
