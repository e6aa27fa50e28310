using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>
/// Sign-in with a provider, on the framework's OAuth handler: it keeps <c>state</c> (protected, per provider), the
/// correlation cookie (single use) and PKCE. This adds what all our providers share.
/// </summary>
internal abstract class ProviderHandler(IOptionsMonitor<ProviderOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : OAuthHandler<ProviderOptions>(options, loggers, encoder)
{
    /// <summary>Where the browser goes; known when <see cref="BuildChallengeUrl"/> runs.</summary>
    protected abstract string AuthorizeAt { get; }

    /// <summary>Who somebody is, by what the token endpoint answered.</summary>
    /// <exception cref="ProviderException">It does not prove it.</exception>
    protected abstract Task<ExternalIdentity> ReadIdentityAsync(AuthenticationProperties flow, JsonElement tokens);

    protected abstract Task<HttpRequestMessage> TokenRequestAsync(Dictionary<string, string> form);

    /// <summary>Sees the parameters of the way back before anything is sent.</summary>
    protected virtual Task CheckWayBackAsync() => Task.CompletedTask;

    protected override string BuildChallengeUrl(AuthenticationProperties properties, string redirectUri)
    {
        // The framework makes state and challenge; only the address in front of them is ours.
        string url = base.BuildChallengeUrl(properties, Options.RedirectUri);
        var parameters = QueryHelpers.ParseQuery(new Uri(url).Query);
        if (ProviderFlow.NonceOf(properties) is { } nonce) parameters["nonce"] = nonce;
        return QueryHelpers.AddQueryString(AuthorizeAt, parameters);
    }

    protected override async Task<OAuthTokenResponse> ExchangeCodeAsync(OAuthCodeExchangeContext context)
    {
        // For the events: an exception on the way from here on carries no properties.
        Context.Features.Set(context.Properties);
        if (context.Properties.IssuedUtc is not { } began || TimeProvider.GetUtcNow() - began > ProviderOptions.Patience)
            throw new ProviderException(ProviderProblem.Expired, "The way back took too long.");
        if (!context.Properties.Items.TryGetValue(OAuthConstants.CodeVerifierKey, out string? verifier) || string.IsNullOrEmpty(verifier))
            throw new ProviderException(ProviderProblem.Expired, "The state holds no code verifier.");
        await CheckWayBackAsync();

        Dictionary<string, string> form = new(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["code"] = context.Code,
            ["redirect_uri"] = Options.RedirectUri,
            [OAuthConstants.CodeVerifierKey] = verifier,
        };
        using HttpRequestMessage request = await TokenRequestAsync(form);
        JsonDocument answer = await SendAsync(request, "token endpoint", JsonValueKind.Object, static status => (int)status is 200 or 400 or 401);
        if (answer.RootElement.TryGetProperty("error", out JsonElement error))
        {
            using (answer) throw new ProviderException(ProviderProblem.BadAnswer, $"The token endpoint refused the code: {LogText.Clean(error.ToString())}");
        }

        if (ClaimRules.Text(answer.RootElement, "access_token") is null)
        {
            using (answer) throw new ProviderException(ProviderProblem.BadAnswer, "The token endpoint gave no access token.");
        }

        return OAuthTokenResponse.Success(answer);
    }

    protected override async Task<AuthenticationTicket> CreateTicketAsync(ClaimsIdentity identity, AuthenticationProperties properties, OAuthTokenResponse tokens)
    {
        Context.Features.Set(await ReadIdentityAsync(properties, tokens.Response!.RootElement));
        return new AuthenticationTicket(new ClaimsPrincipal(identity), properties, Scheme.Name);
    }

    /// <summary>A JSON answer, within the backchannel's limits of size and time.</summary>
    /// <param name="kind">What it has to be; null takes an array too.</param>
    protected async Task<JsonDocument> SendAsync(HttpRequestMessage request, string what, JsonValueKind? kind, Func<System.Net.HttpStatusCode, bool>? accepted = null)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using HttpResponseMessage answer = await Backchannel.SendAsync(request, Context.RequestAborted);
            if (accepted is null ? !answer.IsSuccessStatusCode : !accepted(answer.StatusCode))
                throw new ProviderException((int)answer.StatusCode >= 500 ? ProviderProblem.Unreachable : ProviderProblem.BadAnswer, $"The {what} answered {(int)answer.StatusCode}.");
            JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Context.RequestAborted));
            if (kind is null || document.RootElement.ValueKind == kind) return document;
            document.Dispose();
            throw new JsonException("Another kind of value.");
        }
        catch (JsonException e)
        {
            throw new ProviderException(ProviderProblem.BadAnswer, $"The {what} did not answer with JSON that can be read.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || e is OperationCanceledException && !Context.RequestAborted.IsCancellationRequested)
        {
            throw new ProviderException(ProviderProblem.Unreachable, $"The {what} does not answer: {LogText.Clean(e.GetBaseException().Message)}", e);
        }
    }

    /// <summary>RFC 6749, section 2.3.1, by its two ways.</summary>
    protected HttpRequestMessage TokenRequest(string address, Dictionary<string, string> form, bool secretInForm)
    {
        HttpRequestMessage request = new(HttpMethod.Post, address);
        if (secretInForm)
        {
            form["client_id"] = Options.ClientId;
            form["client_secret"] = Options.ClientSecret;
        }
        else
        {
            string pair = $"{Uri.EscapeDataString(Options.ClientId)}:{Uri.EscapeDataString(Options.ClientSecret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }

        request.Content = new FormUrlEncodedContent(form);
        return request;
    }
}
