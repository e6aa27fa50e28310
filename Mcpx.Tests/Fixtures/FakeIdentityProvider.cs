using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Fixtures;

/// <summary>
/// Google, Microsoft, GitHub and an OpenID Connect provider in one process, each below its own path. It says yes at once
/// to whoever stands in <see cref="People"/>, checks client, redirect, code and PKCE as a provider must, and keeps what it saw.
/// It is reached as localhost, which to a browser is another site than the gateway's 127.0.0.1.
/// </summary>
public sealed class FakeIdentityProvider : IAsyncDisposable
{
    public const string ClientId = "the-client";
    public const string ClientSecret = "the-secret-of-the-client";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Grant> _codes = new();
    private readonly ConcurrentDictionary<string, JsonObject> _tokens = new();

    private FakeIdentityProvider(WebApplication app) => _app = app;

    /// <summary>Answers a request itself, by provider and endpoint, and then returns true.</summary>
    public delegate Task<bool> Interference(HttpContext http, string provider, string endpoint);

    public RSA Key { get; set; } = RSA.Create(2048);

    /// <summary>The claims of who is signed in at a provider, by its name; GitHub's user with its <c>emails</c>.</summary>
    public ConcurrentDictionary<string, JsonObject> People { get; } = new();

    public Interference? Interfere { get; set; }

    /// <summary>Changes an id_token before it is signed.</summary>
    public Action<IdToken>? Forge { get; set; }

    public bool ChecksPkce { get; set; } = true;

    /// <summary>Every authorization request's parameters.</summary>
    public ConcurrentQueue<IReadOnlyDictionary<string, string>> Authorizations { get; } = new();

    /// <summary>Why the token endpoint refused.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>Without a slash at its end.</summary>
    public string Url => $"http://localhost:{new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port}";

    public static async Task<FakeIdentityProvider> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var fake = new FakeIdentityProvider(app);
        app.Run(fake.HandleAsync);
        await app.StartAsync();
        return fake;
    }

    public string IssuerOf(string provider, JsonObject? claims = null) => provider == "microsoft"
        ? $"{Url}/microsoft/{(string?)claims?["tid"] ?? "{tenantid}"}/v2.0"
        : $"{Url}/{provider}";

    /// <summary>Forgets every interference of a test.</summary>
    public void Reset() => (Interfere, Forge, ChecksPkce) = (null, null, true);

    public static Task JsonAsync(HttpContext http, JsonNode answer, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(answer.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Key.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var parts = http.Request.Path.Value!.Split('/', 3);
        var (provider, endpoint) = (parts[1], http.Request.Path.Value!.Split('/')[^1]);
        if (Interfere is { } interfere && await interfere(http, provider, endpoint)) return;
        await (endpoint switch
        {
            "openid-configuration" => JsonAsync(http, Description(provider)),
            "jwks" => JsonAsync(http, Keys()),
            "authorize" => AuthorizeAsync(http, provider),
            "token" or "access_token" => TokenAsync(http, provider),
            "userinfo" or "user" => PersonAsync(http, person => person),
            "emails" => PersonAsync(http, person => person["emails"] ?? new JsonArray()),
            _ => JsonAsync(http, new JsonObject(), 404),
        });
    }

    private JsonObject Description(string provider) => new()
    {
        ["issuer"] = IssuerOf(provider),
        ["authorization_endpoint"] = $"{Url}/{provider}/authorize",
        ["token_endpoint"] = $"{Url}/{provider}/token",
        ["userinfo_endpoint"] = $"{Url}/{provider}/userinfo",
        ["jwks_uri"] = $"{Url}/{provider}/jwks",
    };

    private JsonObject Keys()
    {
        var key = Key.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA", ["use"] = "sig", ["kid"] = IdToken.KeyId(Key), ["n"] = Base64Url.EncodeToString(key.Modulus), ["e"] = Base64Url.EncodeToString(key.Exponent),
            }),
        };
    }

    private Task AuthorizeAsync(HttpContext http, string provider)
    {
        var asked = http.Request.Query.ToDictionary(p => p.Key, p => p.Value.ToString());
        Authorizations.Enqueue(asked);
        var code = RandomNumberGenerator.GetHexString(32);
        _codes[code] = new Grant(provider, asked, People[provider]);
        http.Response.Redirect(QueryHelpers.AddQueryString(asked["redirect_uri"], new Dictionary<string, string?> { ["code"] = code, ["state"] = asked["state"] }));
        return Task.CompletedTask;
    }

    private async Task TokenAsync(HttpContext http, string provider)
    {
        var form = await http.Request.ReadFormAsync();
        if (Refuse(http, form, provider, out var grant) is { } reason)
        {
            Refusals.Enqueue(reason);
            // As GitHub does: an error with 200.
            await JsonAsync(http, new JsonObject { ["error"] = "invalid_grant", ["error_description"] = "<script>alert(1)</script>" }, provider == "github" ? 200 : 400);
            return;
        }

        var access = RandomNumberGenerator.GetHexString(32);
        _tokens[access] = grant!.Person;
        var answer = new JsonObject { ["access_token"] = access, ["token_type"] = "bearer" };
        if (provider != "github") answer["id_token"] = TokenOf(provider, grant);
        await JsonAsync(http, answer);
    }

    private string? Refuse(HttpContext http, IFormCollection form, string provider, out Grant? grant)
    {
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{ClientSecret}"));
        var known = form["client_id"] == ClientId && form["client_secret"] == ClientSecret || http.Request.Headers.Authorization == $"Basic {basic}";
        if (!_codes.TryRemove(form["code"].ToString(), out grant)) return "code";
        if (!known) return "client";
        if (grant.Provider != provider) return "provider";
        if (form["redirect_uri"] != grant.Asked["redirect_uri"]) return "redirect";
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        return ChecksPkce && (grant.Asked["code_challenge_method"] != "S256" || challenge != grant.Asked["code_challenge"]) ? "pkce" : null;
    }

    private string TokenOf(string provider, Grant grant)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = (JsonObject)grant.Person.DeepClone();
        claims["iss"] = IssuerOf(provider, claims);
        claims["aud"] = ClientId;
        claims["iat"] = now;
        claims["exp"] = now + 300;
        claims["nonce"] = grant.Asked.GetValueOrDefault("nonce");
        var token = new IdToken(claims, Key);
        Forge?.Invoke(token);
        return token.ToString();
    }

    private Task PersonAsync(HttpContext http, Func<JsonObject, JsonNode> part) =>
        _tokens.TryGetValue(http.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal), out var person)
            ? JsonAsync(http, part((JsonObject)person.DeepClone()).DeepClone())
            : JsonAsync(http, new JsonObject(), 401);

    private sealed record Grant(string Provider, IReadOnlyDictionary<string, string> Asked, JsonObject Person);
}

/// <summary>An id_token in the making.</summary>
public sealed class IdToken(JsonObject claims, RSA key)
{
    public JsonObject Claims { get; } = claims;

    public JsonObject Header { get; } = new() { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = KeyId(key) };

    /// <summary>Of <c>header.payload</c>.</summary>
    public Func<byte[], byte[]> Sign { get; set; } = content => key.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public static string KeyId(RSA key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];

    public override string ToString()
    {
        var content = $"{Part(Header)}.{Part(Claims)}";
        return $"{content}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(content)))}";
    }

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
