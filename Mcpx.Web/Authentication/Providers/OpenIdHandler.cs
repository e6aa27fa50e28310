using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>Google, Microsoft and every OpenID Connect provider: discovery, nonce, a verified id_token, and the claims' rules.</summary>
internal sealed partial class OpenIdHandler(IOptionsMonitor<ProviderOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : ProviderHandler(options, loggers, encoder)
{
    private const int NonceBytes = 32;
    private const string SecretInForm = "client_secret_post";

    private OpenIdConnectConfiguration? _configuration;

    protected override string AuthorizeAt => _configuration!.AuthorizationEndpoint;

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        _configuration = await Options.Discovery.GetAsync(Context.RequestAborted);
        // Binds the id_token to this browser's way: a code from somebody else's way brings somebody else's nonce.
        ProviderFlow.SetNonce(properties, Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(NonceBytes)));
        await base.HandleChallengeAsync(properties);
    }

    /// <summary>RFC 9207: an answer that another issuer's server sent must not be spent here (mix-up).</summary>
    protected override async Task CheckWayBackAsync()
    {
        OpenIdConnectConfiguration configuration = await Options.Discovery.GetAsync(Context.RequestAborted);
        string? issuer = Request.Query["iss"];
        bool promised = configuration.AdditionalData.TryGetValue("authorization_response_iss_parameter_supported", out object? value) && value is true;
        if (issuer is null ? promised : Options.Settings.Kind is not ProviderKind.Microsoft && issuer != configuration.Issuer)
            throw new ProviderException(ProviderProblem.BadAnswer, "The way back names another issuer.");
    }

    protected override async Task<HttpRequestMessage> TokenRequestAsync(Dictionary<string, string> form)
    {
        OpenIdConnectConfiguration configuration = await Options.Discovery.GetAsync(Context.RequestAborted);
        // Basic is what a provider offers that says nothing (OpenID Connect Discovery, section 3).
        return TokenRequest(configuration.TokenEndpoint, form, configuration.TokenEndpointAuthMethodsSupported.Contains(SecretInForm));
    }

    protected override async Task<ExternalIdentity> ReadIdentityAsync(AuthenticationProperties flow, JsonElement tokens)
    {
        if (!tokens.TryGetProperty("id_token", out JsonElement token) || token.ValueKind is not JsonValueKind.String)
            throw new ProviderException(ProviderProblem.BadAnswer, "The token endpoint gave no id_token.");
        IdTokenValidator validator = new(Options, TimeProvider);
        using JsonDocument claims = await validator.ValidateAsync(token.GetString()!, ProviderFlow.NonceOf(flow), Context.RequestAborted);
        ProviderSettings settings = Options.Settings;
        if (settings.Kind is not ProviderKind.OpenIdConnect)
            return settings.Kind is ProviderKind.Google ? ClaimRules.Google(claims.RootElement) : ClaimRules.Microsoft(claims.RootElement, settings);

        using JsonDocument? more = await ReadUserInfoAsync(claims.RootElement, tokens);
        ExternalIdentity identity = ClaimRules.OpenIdConnect(claims.RootElement, more?.RootElement, settings);
        if (identity.Groups is null) LogGroupsElsewhere(Logger);
        return identity;
    }

    /// <summary>Many providers put little into the token: what is missing is asked for.</summary>
    private async Task<JsonDocument?> ReadUserInfoAsync(JsonElement claims, JsonElement tokens)
    {
        string endpoint = (await Options.Discovery.GetAsync(Context.RequestAborted)).UserInfoEndpoint;
        bool complete = claims.TryGetProperty("email", out _) && claims.TryGetProperty("name", out _) && claims.TryGetProperty(Options.Settings.GroupsClaim, out _);
        if (complete || string.IsNullOrEmpty(endpoint)) return null;
        using HttpRequestMessage request = new(HttpMethod.Get, endpoint);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.GetProperty("access_token").ToString());
        JsonDocument answer = await SendAsync(request, "userinfo endpoint", JsonValueKind.Object);
        // OpenID Connect Core, section 5.3.2: without this, an access token of somebody else would bring their address.
        if (ClaimRules.Text(answer.RootElement, "sub") == ClaimRules.Text(claims, "sub")) return answer;
        answer.Dispose();
        throw new ProviderException(ProviderProblem.BadAnswer, "The userinfo endpoint answered about somebody else.");
    }

    [LoggerMessage(6036, LogLevel.Warning, "The provider keeps this person's groups elsewhere (too many for a token), so they change nothing here: let it send only the groups that matter.")]
    private static partial void LogGroupsElsewhere(ILogger logger);
}
