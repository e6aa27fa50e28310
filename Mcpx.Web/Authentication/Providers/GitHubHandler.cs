using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>GitHub and GitHub Enterprise: OAuth without OpenID, so who somebody is comes from the API, over TLS, with their token.</summary>
internal sealed class GitHubHandler(IOptionsMonitor<ProviderOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : ProviderHandler(options, loggers, encoder)
{
    protected override string AuthorizeAt => Options.Settings.Authority + "/login/oauth/authorize";

    private string Api => Options.Settings.Authority == ProviderSettings.GitHubAuthority ? "https://api.github.com" : Options.Settings.Authority + "/api/v3";

    protected override Task<HttpRequestMessage> TokenRequestAsync(Dictionary<string, string> form) =>
        Task.FromResult(TokenRequest(Options.Settings.Authority + "/login/oauth/access_token", form, secretInForm: true));

    protected override async Task<ExternalIdentity> ReadIdentityAsync(AuthenticationProperties flow, JsonElement tokens)
    {
        string token = ClaimRules.Text(tokens, "access_token") ?? throw new ProviderException(ProviderProblem.BadAnswer, "The token endpoint gave no token.");
        using HttpRequestMessage userRequest = Request("/user", token);
        using JsonDocument user = await SendAsync(userRequest, "address of the user", JsonValueKind.Object);
        using HttpRequestMessage emailsRequest = Request("/user/emails", token);
        // Who keeps their addresses to themselves comes in without one.
        using JsonDocument emails = await SendAsync(emailsRequest, "list of e-mail addresses", kind: null,
            status => status is HttpStatusCode.OK or HttpStatusCode.Forbidden or HttpStatusCode.NotFound);
        return ClaimRules.GitHub(user.RootElement, emails.RootElement, Options.Settings.Authority);

        HttpRequestMessage Request(string path, string bearer)
        {
            HttpRequestMessage request = new(HttpMethod.Get, Api + path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            return request;
        }
    }
}
