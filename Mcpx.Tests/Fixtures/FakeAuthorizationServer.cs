using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Fixtures;

/// <summary>What a client asked the token endpoint.</summary>
public sealed record SeenTokenRequest(IReadOnlyDictionary<string, string> Form, string? Authorization, string Token);

/// <summary>
/// An authorization server for client credentials, and the guard that it gives to a <see cref="FakeUpstream"/>: that takes
/// its tokens only and describes itself as RFC 9728 wants.
/// </summary>
public sealed class FakeAuthorizationServer : IAsyncDisposable
{
    public const string ClientId = "the client:with signs";
    public const string ClientSecret = "s3cret/+ of the client";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, bool> _live = new();

    private FakeAuthorizationServer(WebApplication app) => _app = app;

    public ConcurrentQueue<SeenTokenRequest> Requests { get; } = new();

    /// <summary>Every request of any kind, by path.</summary>
    public ConcurrentQueue<string> Paths { get; } = new();

    public int LifeSeconds { get; set; } = 3600;

    /// <summary>Answers a request for a token itself, and then returns true.</summary>
    public Func<HttpContext, Task<bool>>? Interfere { get; set; }

    /// <summary>What its metadata call it; the truth unless a test says otherwise.</summary>
    public string? NamedIssuer { get; set; }

    public string Url => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).GetLeftPart(UriPartial.Authority);

    public string Issuer => Url + "/as";

    public string TokenUrl => Url + "/as/token";

    public static async Task<FakeAuthorizationServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new FakeAuthorizationServer(app);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>The credential of a server that takes its tokens, as REST takes it.</summary>
    public object Credential(bool byTokenUrl = false, string method = "clientSecretBasic", string? scope = null, string? resource = null, string secret = ClientSecret) => new
    {
        kind = "clientCredentials", clientId = ClientId, secret, method, scope, resource,
        issuer = byTokenUrl ? null : Issuer, tokenUrl = byTokenUrl ? TokenUrl : null,
    };

    /// <summary>All tokens that were given are refused from now on.</summary>
    public void Revoke() => _live.Clear();

    /// <summary>Makes an upstream take only tokens of this server.</summary>
    public void Guard(FakeUpstream upstream)
    {
        var (answer, probe) = (upstream.Answer, upstream.Probe);
        upstream.Answer = (http, request) => http.Request.Path.StartsWithSegments("/.well-known", StringComparison.Ordinal) ? DescribeAsync(http, upstream) : GuardedAsync(http, request, upstream, answer);
        upstream.Probe = probe is null ? null : (http, request) => GuardedAsync(http, request, upstream, probe);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task GuardedAsync(HttpContext http, SeenRequest request, FakeUpstream upstream, FakeUpstream.Script then)
    {
        var shown = request.Headers.GetValueOrDefault("Authorization", "");
        if (shown.StartsWith("Bearer ", StringComparison.Ordinal) && _live.ContainsKey(shown[7..]))
        {
            await then(http, request);
            return;
        }

        http.Response.Headers.WWWAuthenticate = $"Bearer error=\"invalid_token\", resource_metadata=\"{new Uri(upstream.Url, "/.well-known/oauth-protected-resource/mcp")}\"";
        await FakeUpstream.JsonAsync(http, "{}", 401);
    }

    private Task DescribeAsync(HttpContext http, FakeUpstream upstream) => http.Request.Path == "/.well-known/oauth-protected-resource/mcp"
        ? FakeUpstream.JsonAsync(http, new JsonObject { ["resource"] = upstream.Url.ToString(), ["authorization_servers"] = new JsonArray(Issuer) }.ToJsonString())
        : FakeUpstream.JsonAsync(http, "{}", 404);

    private async Task HandleAsync(HttpContext http)
    {
        Paths.Enqueue(http.Request.Path);
        if (http.Request.Path == "/.well-known/oauth-authorization-server/as")
            await FakeUpstream.JsonAsync(http, new JsonObject { ["issuer"] = NamedIssuer ?? Issuer, ["token_endpoint"] = TokenUrl }.ToJsonString());
        else if (http.Request.Path == "/as/token")
            await TokenAsync(http);
        else
            await FakeUpstream.JsonAsync(http, "{}", 404);
    }

    private async Task TokenAsync(HttpContext http)
    {
        var form = (await http.Request.ReadFormAsync()).ToDictionary(p => p.Key, p => p.Value.ToString());
        var authorization = http.Request.Headers.Authorization.ToString();
        var token = "at-" + RandomNumberGenerator.GetHexString(32, lowercase: true);
        Requests.Enqueue(new SeenTokenRequest(form, authorization.Length == 0 ? null : authorization, token));
        if (Interfere is { } interfere && await interfere(http)) return;
        if (!Knows(form, authorization))
        {
            await FakeUpstream.JsonAsync(http, """{"error":"invalid_client","error_description":"the secret s3cret/+ of the client is wrong"}""", 401);
            return;
        }

        _live[token] = true;
        await FakeUpstream.JsonAsync(http, new JsonObject { ["access_token"] = token, ["token_type"] = "bearer", ["expires_in"] = LifeSeconds }.ToJsonString());
    }

    private static bool Knows(Dictionary<string, string> form, string authorization)
    {
        var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{System.Net.WebUtility.UrlEncode(ClientId)}:{System.Net.WebUtility.UrlEncode(ClientSecret)}"));
        return form["grant_type"] == "client_credentials"
            && (authorization == basic || form.GetValueOrDefault("client_id") == ClientId && form.GetValueOrDefault("client_secret") == ClientSecret || form.ContainsKey("client_assertion"));
    }
}
