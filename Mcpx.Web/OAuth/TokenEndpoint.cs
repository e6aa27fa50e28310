using System.Globalization;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;

namespace Mcpx.Web.OAuth;

/// <summary><c>POST /oauth/token</c> (RFC 6749, section 3.2): service accounts get access tokens.</summary>
internal sealed partial class TokenEndpoint(ClientAuthentication clients, ClientCredentialsGrant grant, ILogger<TokenEndpoint> logger)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            IssuedAccessToken issued = await IssueAsync(http);
            http.Response.Headers.CacheControl = "no-store";
            http.Response.Headers.Pragma = "no-cache";
            await http.Response.WriteAsJsonAsync(new
            {
                access_token = issued.Text.Reveal(),
                token_type = "Bearer",
                expires_in = (int)issued.Lifetime.TotalSeconds,
                scope = string.Join(' ', issued.Scopes.ToNames()),
            }, http.RequestAborted);
        }
        catch (OAuthException e)
        {
            // RFC 6749, section 5.2: the scheme that the client used.
            if (e.Error.Status == StatusCodes.Status401Unauthorized) http.Response.Headers.WWWAuthenticate = "Basic realm=\"mcpx\"";
            if (e.Error.Status == StatusCodes.Status405MethodNotAllowed) http.Response.Headers.Allow = "POST";
            if (e.RetryAfter is { } wait) http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            await http.AnswerAsync(e.Error);
        }
        catch (Exception e) when (e is not OperationCanceledException || !http.RequestAborted.IsCancellationRequested)
        {
            LogFailed(logger, e);
            await http.AnswerAsync(new OAuthError("temporarily_unavailable", "No token can be issued at the moment.", StatusCodes.Status503ServiceUnavailable));
        }
        catch (OperationCanceledException)
        {
            // The client went away; nobody is there to be answered.
        }
    }

    private async Task<IssuedAccessToken> IssueAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method)) throw new OAuthException(OAuthError.Invalid("The token endpoint takes POST.") with { Status = StatusCodes.Status405MethodNotAllowed });
        // Addresses end up in logs: RFC 6749, section 2.3.1, keeps credentials out of them.
        if (http.Request.QueryString.HasValue) throw new OAuthException(OAuthError.Invalid("Parameters go into the body, not into the address."));
        TokenForm form = await TokenForm.ReadAsync(http);
        if (form["grant_type"] is not { } type) throw new OAuthException(OAuthError.Invalid("grant_type is missing."));
        if (type != "client_credentials") throw new OAuthException(new OAuthError("unsupported_grant_type", "The grant types are: client_credentials."));
        ClientProof proof = ClientProofReader.Read(http.Request.Headers.Authorization, form);
        AuthenticatedClient client = await clients.AuthenticateAsync(proof, http.Connection.RemoteIpAddress, http.RequestAborted);
        return await grant.IssueAsync(client, new TokenRequest(form.Resources, form["scope"]), http.RequestAborted);
    }

    [LoggerMessage(4020, LogLevel.Error, "A token could not be issued.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
