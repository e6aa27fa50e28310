using System.Buffers.Text;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.OAuth;

/// <summary>What clients read before they ask for a token: the server's metadata, the endpoints' metadata, the public keys.</summary>
internal sealed class Discovery(ResourceAddresses addresses, SigningKeys keys)
{
    private const string ResourcePrefix = "/oauth-protected-resource";

    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(15);

    // No grant with a browser, so no endpoint for one is announced.
    private readonly object _server = new
    {
        issuer = addresses.Issuer,
        token_endpoint = addresses.TokenEndpoint,
        jwks_uri = addresses.KeySet,
        scopes_supported = TokenScopes.All.ToNames(),
        response_types_supported = Array.Empty<string>(),
        grant_types_supported = (string[])["client_credentials"],
        token_endpoint_auth_methods_supported = (string[])["client_secret_basic", "client_secret_post", "private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported = ClientKeys.Algorithms,
    };

    /// <summary>Everything under <c>/.well-known/</c>; a miss is JSON too, since clients try many addresses and parse what comes.</summary>
    public Task MetadataAsync(HttpContext http)
    {
        if (Begin(http)) return Task.CompletedTask;
        object? found = http.Request.Path.Value!["/.well-known".Length..] switch
        {
            "/oauth-authorization-server" or "/openid-configuration" when addresses.BasePath.Length == 0 => _server,
            { } path when path == "/oauth-authorization-server" + addresses.BasePath || path == "/openid-configuration" + addresses.BasePath => _server,
            { } path when path.StartsWith(ResourcePrefix + addresses.BasePath, StringComparison.Ordinal) => ResourceOf(path[(ResourcePrefix.Length + addresses.BasePath.Length)..]),
            _ => null,
        };
        return found is null
            ? http.AnswerAsync(new OAuthError("not_found", "There is no such metadata.", StatusCodes.Status404NotFound))
            : AnswerAsync(http, found);
    }

    /// <summary>RFC 7517, section 5.</summary>
    public async Task KeySetAsync(HttpContext http)
    {
        if (Begin(http)) return;
        IReadOnlyList<PublicKey> published;
        try
        {
            published = await keys.ListAsync(http.RequestAborted);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await http.AnswerAsync(new OAuthError("temporarily_unavailable", "The keys can't be read at the moment.", StatusCodes.Status503ServiceUnavailable));
            return;
        }

        await AnswerAsync(http, new
        {
            keys = published.Select(k => new
            {
                kty = "EC",
                crv = "P-256",
                use = "sig",
                alg = "ES256",
                kid = k.Stored.Id,
                x = Base64Url.EncodeToString(k.Parameters.Q.X),
                y = Base64Url.EncodeToString(k.Parameters.Q.Y),
            }),
        });
    }

    /// <summary>
    /// RFC 9728. The same for every address that can be an endpoint's, whether or not there is one: nobody has shown a
    /// credential, and which servers an organisation has is nobody else's business.
    /// </summary>
    private object? ResourceOf(string path)
    {
        if (path == "/api") return Resource(addresses.Api, TokenScopes.ApiRead | TokenScopes.ApiWrite);
        if (path.Split('/') is not ["", "mcp", var organization, var kind, var slug] || kind is not ("server" or "gateway")) return null;
        return InputCheck.IsSlug(organization) && InputCheck.IsSlug(slug) ? Resource(addresses.Endpoint(organization, kind == "gateway", slug), TokenScopes.Mcp) : null;
    }

    private object Resource(string address, TokenScopes scopes) => new
    {
        resource = address,
        authorization_servers = (string[])[addresses.Issuer],
        scopes_supported = scopes.ToNames(),
        bearer_methods_supported = (string[])["header"],
        resource_name = "mcpx",
    };

    /// <summary>Web pages read this too, also with headers of their own. True when the answer is complete.</summary>
    private static bool Begin(HttpContext http)
    {
        IHeaderDictionary headers = http.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)) return false;
        headers.Allow = headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
        headers.AccessControlAllowHeaders = "*";
        headers.AccessControlMaxAge = "86400";
        http.Response.StatusCode = HttpMethods.IsOptions(http.Request.Method) ? StatusCodes.Status204NoContent : StatusCodes.Status405MethodNotAllowed;
        return true;
    }

    private static Task AnswerAsync(HttpContext http, object document)
    {
        http.Response.Headers.CacheControl = $"public, max-age={(int)KeptFor.TotalSeconds}";
        return http.Response.WriteAsJsonAsync(document, http.RequestAborted);
    }
}
