using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>An access token of an upstream's authorization server. It is kept in memory only.</summary>
/// <param name="Life">As long as the server says, at most a day; five minutes when it says nothing.</param>
internal sealed record UpstreamToken(Secret Text, TimeSpan Life);

/// <summary>One request for a token by client credentials (RFC 6749, section 4.4).</summary>
internal sealed class TokenRequest(HttpMessageInvoker http, TimeProvider time)
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const int LongestToken = 16 << 10;
    private const int LongestCode = 64;

    private static readonly TimeSpan UnsaidLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);

    /// <param name="resource">RFC 8707; null for none.</param>
    /// <exception cref="UpstreamTokenException">None was given.</exception>
    public async Task<UpstreamToken> SendAsync(TokenPlace place, Credential.ClientCredentials credential, string? resource, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, place.Url) { Content = new FormUrlEncodedContent(FormOf(place, credential, resource)) };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (credential.Settings.Method is ClientMethod.ClientSecretBasic)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", BasicOf(credential.Settings.ClientId, credential.Secret));
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    private Dictionary<string, string> FormOf(TokenPlace place, Credential.ClientCredentials credential, string? resource)
    {
        ClientSettings settings = credential.Settings;
        Dictionary<string, string> form = new(StringComparer.Ordinal) { ["grant_type"] = "client_credentials" };
        if (settings.Scope is not null) form["scope"] = settings.Scope;
        if (resource is not null) form["resource"] = resource;
        if (settings.Method is not ClientMethod.ClientSecretBasic) form["client_id"] = settings.ClientId;
        if (settings.Method is ClientMethod.ClientSecretPost) form["client_secret"] = credential.Secret.Reveal();
        if (settings.Method is ClientMethod.PrivateKeyJwt)
        {
            using ClientKey key = ClientKey.Read(credential.Secret);
            form["client_assertion_type"] = AssertionType;
            form["client_assertion"] = key.Sign(settings.ClientId, place.Issuer ?? place.Url.AbsoluteUri, settings.KeyId, time);
        }

        return form;
    }

    /// <summary>Both parts are encoded as in a form before they are joined (RFC 6749, section 2.3.1).</summary>
    private static string BasicOf(string id, Secret secret) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{WebUtility.UrlEncode(id)}:{WebUtility.UrlEncode(secret.Reveal())}"));

    private static async Task<UpstreamToken> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        int status = (int)answer.StatusCode;
        if (status is >= 300 and < 400) throw Refused($"The token endpoint redirects ({status}); enter the address that it redirects to.");
        if (status is 429 or >= 500) throw new UpstreamTokenException(TokenFailure.Unreachable, $"The token endpoint answered {status}.");
        JsonElement? document = await SmallJson.ReadAsync(answer.Content, cancellationToken);
        if (document is not { } body) throw Refused($"The token endpoint answered {status} with what is no token.");
        if (status != 200) throw Refused($"The authorization server gives no token: {CodeOf(body) ?? status.ToString(System.Globalization.CultureInfo.InvariantCulture)}. Check client id, secret, scopes and resource.");
        string? text = SmallJson.TextOf(body, "access_token");
        if (text is not { Length: > 0 and <= LongestToken } || !OutboundHeaders.IsValidValue(text)) throw Refused("The token endpoint's answer holds no token that fits into a header.");
        // RFC 6749, section 7.1: a token of a type that one does not know must not be used.
        if (!string.Equals(SmallJson.TextOf(body, "token_type"), "Bearer", StringComparison.OrdinalIgnoreCase)) throw Refused("The token endpoint's answer is no bearer token.");
        return new UpstreamToken(new Secret(text), LifeOf(body));
    }

    private static TimeSpan LifeOf(JsonElement body)
    {
        if (!body.TryGetProperty("expires_in", out JsonElement value)) return UnsaidLife;
        bool said = value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out double seconds)
            // Some write it as a text.
            || double.TryParse(SmallJson.TextOf(body, "expires_in"), System.Globalization.CultureInfo.InvariantCulture, out seconds);
        return said && seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, LongestLife.TotalSeconds)) : UnsaidLife;
    }

    /// <summary>The code only: a description may repeat what was sent (RFC 6749, section 5.2).</summary>
    private static string? CodeOf(JsonElement body) =>
        SmallJson.TextOf(body, "error") is { Length: > 0 and <= LongestCode } code && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? code : null;

    private static UpstreamTokenException Refused(string message) => new(TokenFailure.Refused, message);
}
