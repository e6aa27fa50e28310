using System.Net;

namespace Mcpx.SampleHosting;

/// <summary>
/// DNS rebinding: a web page that the developer visits points its own name at 127.0.0.1 and talks to the open server
/// from the browser. Such a request carries the page's name as Host, and its origin as Origin.
/// </summary>
internal static class LoopbackOnly
{
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (IsLoopback(context.Request.Host.Host) && (origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsLoopback(page.Host))))
            return next(context);

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("This server answers to loopback names only.", context.RequestAborted);
    }

    private static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) ||
        (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
