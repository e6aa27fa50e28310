using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Fixtures;

/// <summary>Adds the Authorization header for a client that can't send one, and changes nothing else.</summary>
internal sealed class AuthorizingProxy : IAsyncDisposable
{
    private static readonly string[] OfTheConnection = ["Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Origin"];

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly WebApplication _app;
    private readonly Uri _target;
    private readonly string _token;

    private AuthorizingProxy(WebApplication app, Uri target, string token)
    {
        (_app, _target, _token) = (app, target, token);
        app.Run(RelayAsync);
    }

    public Uri Url => new(new Uri(_app.Urls.Single()), "/mcp");

    public static async Task<AuthorizingProxy> StartAsync(Uri target, string token)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var proxy = new AuthorizingProxy(builder.Build(), target, token);
        await proxy._app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task RelayAsync(HttpContext http)
    {
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), _target);
        if (http.Request.Headers.TransferEncoding.Count > 0 || http.Request.ContentLength > 0) request.Content = new StreamContent(http.Request.Body);
        foreach (var (name, value) in http.Request.Headers.Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value)) request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value);
        }

        request.Headers.Host = AsIfAsked(http.Request.Host.Value!);
        if (http.Request.Headers.Origin.ToString() is { Length: > 0 } origin) request.Headers.TryAddWithoutValidation("Origin", AsIfAsked(origin));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {_token}");
        try
        {
            using var response = await _http.SendAsync(request, http.RequestAborted);
            http.Response.StatusCode = (int)response.StatusCode;
            foreach (var (name, value) in response.Headers.Concat(response.Content.Headers).Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
                http.Response.Headers[name] = value.ToArray();
            // Also before there is a body: the headers of an event stream are an answer in themselves.
            await http.Response.StartAsync(http.RequestAborted);
            await response.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            http.Abort();
        }
    }

    /// <summary>A name for this proxy becomes the same name for the target; a strange one passes, since refusing it is the target's work.</summary>
    private string AsIfAsked(string authority) => authority.Replace($":{new Uri(_app.Urls.Single()).Port}", $":{_target.Port}", StringComparison.Ordinal);
}
