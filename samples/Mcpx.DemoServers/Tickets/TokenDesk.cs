using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.DemoServers.Tickets;

/// <summary>
/// The authorization server of the tickets: client credentials only (RFC 6749, section 4.4), with the metadata by which a
/// client finds it (RFC 9728, RFC 8414). Its tokens live for a minute, so that one sees them being renewed.
/// </summary>
internal sealed class TokenDesk(string clientId, string clientSecret, TimeProvider time)
{
    public const string Scope = "tickets";

    private const int LifeSeconds = 60;
    private const int MostTokens = 10_000;
    private const string IssuerPath = "/tickets/oauth";
    private const string TokenPath = IssuerPath + "/token";

    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);

    /// <summary>Where a client that was refused finds out how to get in.</summary>
    public static string MetadataOf(HttpRequest request) => $"{RootOf(request)}/.well-known/oauth-protected-resource{DemoServer.PathOf(TicketTools.Name)}";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/.well-known/oauth-protected-resource" + DemoServer.PathOf(TicketTools.Name), context => context.Response.WriteAsJsonAsync(new Dictionary<string, object>
        {
            ["resource"] = ResourceOf(context.Request),
            ["authorization_servers"] = new[] { IssuerOf(context.Request) },
            ["scopes_supported"] = new[] { Scope },
            ["bearer_methods_supported"] = new[] { "header" },
        }, context.RequestAborted));
        routes.MapGet("/.well-known/oauth-authorization-server" + IssuerPath, context => context.Response.WriteAsJsonAsync(new Dictionary<string, object>
        {
            ["issuer"] = IssuerOf(context.Request),
            ["token_endpoint"] = RootOf(context.Request) + TokenPath,
            ["grant_types_supported"] = new[] { "client_credentials" },
            ["response_types_supported"] = Array.Empty<string>(),
            ["token_endpoint_auth_methods_supported"] = new[] { "client_secret_basic", "client_secret_post" },
            ["scopes_supported"] = new[] { Scope },
        }, context.RequestAborted));
        routes.MapPost(TokenPath, IssueAsync);
    }

    public bool Admits(string token) => _tokens.TryGetValue(token, out var ends) && time.GetUtcNow() < ends;

    private async Task IssueAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.HasFormContentType)
        {
            await RefuseAsync(context, 400, "invalid_request");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (!IsClient(context.Request, form))
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"tickets\"";
            await RefuseAsync(context, 401, "invalid_client");
        }
        else if (form["grant_type"] != "client_credentials")
        {
            await RefuseAsync(context, 400, "unsupported_grant_type");
        }
        else if (form["scope"].ToString() is not ("" or Scope))
        {
            await RefuseAsync(context, 400, "invalid_scope");
        }
        else if (form["resource"].ToString() is { Length: > 0 } resource && resource != ResourceOf(context.Request))
        {
            await RefuseAsync(context, 400, "invalid_target");
        }
        else
        {
            await context.Response.WriteAsJsonAsync(
                new Dictionary<string, object> { ["access_token"] = Issue(), ["token_type"] = "Bearer", ["expires_in"] = LifeSeconds, ["scope"] = Scope }, context.RequestAborted);
        }
    }

    private string Issue()
    {
        var now = time.GetUtcNow();
        foreach (var (old, ends) in _tokens)
        {
            if (ends <= now || _tokens.Count > MostTokens) _tokens.TryRemove(old, out _);
        }

        var token = RandomNumberGenerator.GetHexString(40, lowercase: true);
        _tokens[token] = now.AddSeconds(LifeSeconds);
        return token;
    }

    private bool IsClient(HttpRequest request, IFormCollection form)
    {
        var (id, secret) = (form["client_id"].ToString(), form["client_secret"].ToString());
        const string scheme = "Basic ";
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            var bytes = new byte[authorization.Length];
            if (!Convert.TryFromBase64String(authorization[scheme.Length..], bytes, out var length)) return false;
            var parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
            if (parts.Length != 2) return false;
            (id, secret) = (WebUtility.UrlDecode(parts[0]), WebUtility.UrlDecode(parts[1]));
        }

        // Constant time: the answer's delay must not tell how many characters were right.
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes($"{id}\n{secret}"), Encoding.UTF8.GetBytes($"{clientId}\n{clientSecret}"));
    }

    private static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Dictionary<string, object> { ["error"] = error }, context.RequestAborted);
    }

    private static string ResourceOf(HttpRequest request) => RootOf(request) + DemoServer.PathOf(TicketTools.Name);

    private static string IssuerOf(HttpRequest request) => RootOf(request) + IssuerPath;

    /// <summary>Loopback names only come this far; each is an address of its own to OAuth.</summary>
    private static string RootOf(HttpRequest request) => $"{request.Scheme}://{request.Host}";
}
