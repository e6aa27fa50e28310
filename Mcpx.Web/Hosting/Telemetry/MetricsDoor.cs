using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Web.Authentication;
using OpenTelemetry.Metrics;

namespace Mcpx.Web.Hosting.Telemetry;

/// <summary>
/// <c>/metrics</c>. Its figures are of all organisations, so they are the operator's: no token of a person, a service account or
/// an organisation opens it, only <c>METRICS_TOKEN</c>, or a port that the operator keeps to themselves.
/// </summary>
internal sealed class MetricsDoor
{
    public const string Path = "/metrics";

    private readonly byte[]? _token;
    private readonly RequestDelegate _scrape = NotFoundAsync;

    public MetricsDoor(TelemetrySettings settings, IServiceProvider services)
    {
        if (settings.MetricsToken is { } token) _token = Digest(token);
        if (settings.IsScraped) _scrape = Scrape(services);
    }

    /// <summary>At the public address: only with a token, and as if it were not there where none is set.</summary>
    public Task AnswerAsync(HttpContext http) => _token is null ? NotFoundAsync(http) : AnswerKnownAsync(http);

    /// <summary>On the port of its own, where nothing else is.</summary>
    public Task AnswerOnOwnPortAsync(HttpContext http) =>
        http.Request.Path == Path && HttpMethods.IsGet(http.Request.Method) ? AnswerKnownAsync(http) : NotFoundAsync(http);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RequestDelegate Scrape(IServiceProvider services)
    {
        ApplicationBuilder scrape = new(services);
        scrape.UseOpenTelemetryPrometheusScrapingEndpoint(services.GetRequiredService<MeterProvider>(), static _ => true, path: null, configureBranchedPipeline: null, optionsName: null);
        return scrape.Build();
    }

    private Task AnswerKnownAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (_token is null || IsKnown(http)) return _scrape(http);
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"mcpx metrics\"";
        return Task.CompletedTask;
    }

    /// <summary>Digests are compared, in constant time: neither where they differ nor how long the token is can be measured.</summary>
    private bool IsKnown(HttpContext http) =>
        BearerToken.Of(http.Request.Headers.Authorization) is { } shown && CryptographicOperations.FixedTimeEquals(Digest(shown), _token);

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
