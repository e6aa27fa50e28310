using Mcpx.Web.Hosting.Telemetry;

namespace Mcpx.Web.Hosting;

/// <summary>For orchestrators: alive, and ready for traffic.</summary>
internal static class Probes
{
    public static void MapProbes(this IEndpointRouteBuilder endpoints)
    {
        Readiness readiness = endpoints.ServiceProvider.GetRequiredService<Readiness>();
        endpoints.MapGet("/livez", (HttpContext http) => http.Response.WriteAsync("ok\n", http.RequestAborted)).ShortCircuit();
        endpoints.MapGet("/readyz", (HttpContext http) =>
        {
            http.Response.StatusCode = readiness.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            http.Response.Headers.CacheControl = "no-store";
            return http.Response.WriteAsJsonAsync(readiness.Report(), http.RequestAborted);
        }).ShortCircuit();
    }

    public static void MapMetrics(this IEndpointRouteBuilder endpoints)
    {
        MetricsDoor door = endpoints.ServiceProvider.GetRequiredService<MetricsDoor>();
        endpoints.MapGet(MetricsDoor.Path, door.AnswerAsync).ShortCircuit();
    }
}
