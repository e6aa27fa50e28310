using System.Net;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>A browser that stops at every redirect, so that a test can put something else in its place.</summary>
public sealed class SignInClient(Uri gateway) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    /// <summary>The gateway's, whatever their path: a browser would send them all to the callback.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>Begins; returns the provider's address that the browser is sent to.</summary>
    public async Task<string> StartAsync(string provider, string? returnUrl = null) =>
        await RedirectOfAsync($"/sign-in/with/{provider}" + (returnUrl is null ? "" : "?returnUrl=" + Uri.EscapeDataString(returnUrl)));

    /// <summary>Says yes at the provider; returns the address of the way back.</summary>
    public async Task<string> AuthorizeAsync(string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, address);
        return answer.Headers.Location!.OriginalString;
    }

    /// <summary>Comes back; returns where the gateway sends the browser then.</summary>
    public Task<string> ReturnAsync(string callback) => RedirectOfAsync(callback);

    /// <summary>The overview of whose session this is; the sign-in page for nobody's.</summary>
    public Task<string> HomeAsync() => RedirectOfAsync("/");

    public async Task<string> RedirectOfAsync(string address, params (string Name, string Value)[] headers)
    {
        using var answer = await GetAsync(address, headers);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, $"{address}: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        return answer.Headers.Location!.OriginalString;
    }

    public async Task<HttpResponseMessage> GetAsync(string address, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway, address));
        request.RequestUri!.Authority.ShouldBe(gateway.Authority);
        if (Cookies.Count > 0) request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(c => $"{c.Key}={c.Value}")));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        foreach (var set in answer.Headers.TryGetValues("Set-Cookie", out var values) ? values : []) Keep(set);
        return answer;
    }

    public void Dispose() => _http.Dispose();

    private void Keep(string set)
    {
        var pair = set.Split(';')[0].Split('=', 2);
        if (pair[1].Length == 0) Cookies.Remove(pair[0]);
        else Cookies[pair[0]] = pair[1];
    }
}
