using System.Net;
using System.Text.Json;

namespace Mcpx.Core.Credentials;

/// <summary>Where an upstream's tokens come from.</summary>
/// <param name="Issuer">Null where the token URL was given.</param>
internal sealed record TokenPlace(Uri Url, string? Issuer);

/// <summary>
/// Finds the token endpoint for a server: its protected-resource metadata (RFC 9728) has to name the issuer on the record,
/// and that issuer's own metadata (RFC 8414, or OpenID Connect Discovery) has to be exactly its own.
/// </summary>
internal sealed class TokenDiscovery(HttpMessageInvoker http, Uri server)
{
    private const string ResourcePath = "/.well-known/oauth-protected-resource";
    private const string ServerPath = "/.well-known/oauth-authorization-server";
    private const string OpenIdPath = "/.well-known/openid-configuration";
    private const int Shown = 200;

    /// <exception cref="UpstreamTokenException">There is none, or another one than the record's.</exception>
    public async Task<TokenPlace> FindAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        if (settings.TokenUrl is { } given) return new TokenPlace(new Uri(given), Issuer: null);
        string issuer = settings.Issuer!;
        // A server need not describe itself: then the administrator's word stands alone. One that does must agree.
        if (await FindIssuersAsync(cancellationToken) is { } named && !named.Contains(issuer, StringComparer.Ordinal))
        {
            throw new UpstreamTokenException(TokenFailure.IssuerDiffers,
                $"The server names the authorization server {Short(named is [var first, ..] ? first : null)}, and {Short(issuer)} is on the record. Nothing was sent there. If the server really moved, enter the credential again.");
        }

        return await FromIssuerAsync(issuer, cancellationToken);
    }

    /// <summary>The authorization servers that the server names; null when it describes itself nowhere.</summary>
    /// <exception cref="UpstreamTokenException">The description can't be used.</exception>
    public async Task<IReadOnlyList<string>?> FindIssuersAsync(CancellationToken cancellationToken)
    {
        string path = server.AbsolutePath.TrimEnd('/');
        string origin = server.GetLeftPart(UriPartial.Authority);
        Uri? told = await ToldByChallengeAsync(cancellationToken);
        foreach (Uri address in new[] { told, new Uri(origin + ResourcePath + path), new Uri(origin + ResourcePath) }.OfType<Uri>().Distinct())
        {
            if (await ReadAsync(address, cancellationToken) is not { } document) continue;
            string? resource = SmallJson.TextOf(document, "resource");
            // RFC 9728, section 3.3: a description of something else must not be used.
            if (resource is null || !Uri.TryCreate(resource, UriKind.Absolute, out Uri? described) || !Covers(described))
                throw new UpstreamTokenException(TokenFailure.Refused, $"The metadata at {Short(address.AbsoluteUri)} describes another resource than this server.");
            return SmallJson.TextsOf(document, "authorization_servers") ?? [];
        }

        return null;
    }

    private async Task<TokenPlace> FromIssuerAsync(string issuer, CancellationToken cancellationToken)
    {
        Uri url = new(issuer);
        string path = url.AbsolutePath.TrimEnd('/');
        string origin = url.GetLeftPart(UriPartial.Authority);
        foreach (string address in new[] { origin + ServerPath + path, origin + OpenIdPath + path, origin + path + OpenIdPath }.Distinct(StringComparer.Ordinal))
        {
            if (await ReadAsync(new Uri(address), cancellationToken) is not { } document) continue;
            // RFC 8414, section 3.3: else one server could speak for another.
            if (SmallJson.TextOf(document, "issuer") is var named && named != issuer)
                throw new UpstreamTokenException(TokenFailure.IssuerDiffers, $"The metadata at {Short(address)} is that of another issuer, {Short(named)}. Nothing was sent there.");
            string? endpoint = SmallJson.TextOf(document, "token_endpoint");
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? token) || token.UserInfo.Length > 0
                || token.Scheme != Uri.UriSchemeHttps && !(token.Scheme == Uri.UriSchemeHttp && url.Scheme == Uri.UriSchemeHttp))
                throw new UpstreamTokenException(TokenFailure.Refused, $"The metadata at {Short(address)} names no token endpoint that could be used.");
            return new TokenPlace(token, issuer);
        }

        throw new UpstreamTokenException(TokenFailure.Refused, $"The issuer {Short(issuer)} publishes no metadata. Enter the token URL instead.");
    }

    /// <summary>MCP 2025-11-25, "Protected Resource Metadata Discovery Requirements": the challenge of a 401 says where it is.</summary>
    private async Task<Uri?> ToldByChallengeAsync(CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, server);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        return answer.StatusCode is HttpStatusCode.Unauthorized ? Challenge.ResourceMetadata(answer, server) : null;
    }

    /// <summary>Null when there is nothing. Redirects are not followed, so they are nothing.</summary>
    private async Task<JsonElement?> ReadAsync(Uri address, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        if ((int)answer.StatusCode >= 500) throw new UpstreamTokenException(TokenFailure.Unreachable, $"{Short(address.AbsoluteUri)} answered {(int)answer.StatusCode}.");
        if (answer.StatusCode is not HttpStatusCode.OK) return null;
        return await SmallJson.ReadAsync(answer.Content, cancellationToken)
            ?? throw new UpstreamTokenException(TokenFailure.Refused, $"What {Short(address.AbsoluteUri)} answers is no metadata.");
    }

    /// <summary>The server itself, or what stands above it on the same origin, as servers with several endpoints describe themselves.</summary>
    private bool Covers(Uri described)
    {
        if (described.UserInfo.Length > 0 || described.GetLeftPart(UriPartial.Authority) != server.GetLeftPart(UriPartial.Authority)) return false;
        string above = described.AbsolutePath.TrimEnd('/');
        return server.AbsolutePath.TrimEnd('/') == above || server.AbsolutePath.StartsWith(above + "/", StringComparison.Ordinal);
    }

    private static string Short(string? text) => ForeignText.Quote(text, Shown);
}
