using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.OAuth;

/// <summary>What a client asks for (RFC 6749, section 4.4; RFC 8707, section 2).</summary>
/// <param name="Resources">The resources that the token is for, as they were written.</param>
/// <param name="Scope">Names separated by spaces; null for what the resource and the account allow.</param>
public sealed record TokenRequest(IReadOnlyList<string> Resources, string? Scope);

public sealed record IssuedAccessToken(Secret Text, TimeSpan Lifetime, TokenScopes Scopes);

/// <summary>
/// Access tokens for service accounts. Each is for the resources that it was asked for and no other: a server that gets to
/// see one can't use it elsewhere. There is no refresh token: the client asks again.
/// </summary>
public sealed partial class ClientCredentialsGrant(
    AccessTokens tokens, IEndpointStore endpoints, IServiceAccountStore accounts, ResourceAddresses addresses, TimeProvider time, ILogger<ClientCredentialsGrant> logger)
{
    private const int MostResources = 20;

    private const TokenScopes ApiScopes = TokenScopes.ApiRead | TokenScopes.ApiWrite;

    /// <exception cref="OAuthException">Not what this account may have.</exception>
    public async Task<IssuedAccessToken> IssueAsync(AuthenticatedClient client, TokenRequest request, CancellationToken cancellationToken)
    {
        ServiceAccount account = client.Account;
        TokenScopes? asked = request.Scope is null ? null : Parse(request.Scope);
        IReadOnlyList<string> audience = [.. request.Resources.Distinct(StringComparer.Ordinal)];
        // Without a resource there is one that can be meant for the API, and none for MCP: which server would it be?
        if (audience.Count == 0 && !(asked ?? account.Scopes).HasFlag(TokenScopes.Mcp)) audience = [addresses.Api];
        if (audience.Count is 0 or > MostResources)
            throw new OAuthException(OAuthError.InvalidTarget($"Name the endpoints that the token is for, 1 to {MostResources}: resource={addresses.Endpoint(account.Organization.Slug, isGateway: false, "SERVER")}"));

        TokenScopes possible = await ScopesOfAsync(account, audience, cancellationToken);
        TokenScopes granted = (asked ?? possible) & account.Scopes & possible;
        if (asked is { } all && granted != all)
            throw new OAuthException(OAuthError.InvalidScope($"For this resource the account may have: {Names(account.Scopes & possible)}."));
        if (granted is TokenScopes.None)
            throw new OAuthException(OAuthError.InvalidScope("The account has no scope for this resource."));

        Secret text = await tokens.IssueAsync(account, audience, granted, cancellationToken);
        await NoteUseAsync(client, cancellationToken);
        return new IssuedAccessToken(text, AccessTokens.Lifetime, granted);
    }

    private static TokenScopes Parse(string scope)
    {
        if (TokenScopeNames.Parse(scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is { } scopes and not TokenScopes.None) return scopes;
        throw new OAuthException(OAuthError.InvalidScope($"The scopes are: {Names(TokenScopes.All)}."));
    }

    /// <summary>The scopes that make sense at the resources. A resource that is not there, or closed to the account, is no target.</summary>
    private async Task<TokenScopes> ScopesOfAsync(ServiceAccount account, IReadOnlyList<string> audience, CancellationToken cancellationToken)
    {
        if (audience.Contains(addresses.Api, StringComparer.Ordinal))
        {
            // A token that reaches servers and the API at once is more than any client needs.
            return audience.Count == 1 ? ApiScopes : throw new OAuthException(OAuthError.InvalidTarget("Ask for the API with a request of its own."));
        }

        HashSet<string> open = [.. (await endpoints.ListAsync(account.Organization.Id, cancellationToken)).Where(e => account.Limits.AllowsEndpoint(e.Id))
            .Select(e => addresses.Endpoint(account.Organization.Slug, e.IsGateway, e.Slug))];
        return audience.All(open.Contains) ? TokenScopes.Mcp
            : throw new OAuthException(OAuthError.InvalidTarget("The resource is no endpoint that this account may use; it must be its address, letter by letter."));
    }

    private async Task NoteUseAsync(AuthenticatedClient client, CancellationToken cancellationToken)
    {
        try
        {
            await accounts.TouchAsync(new ServiceAccountUse(client.Account, client.Secret, time.GetUtcNow()), cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // For people's lists only: no client goes without its token for it.
            LogNotNoted(logger, e.Message);
        }
    }

    private static string Names(TokenScopes scopes) => scopes is TokenScopes.None ? "none" : string.Join(' ', scopes.ToNames());

    [LoggerMessage(4011, LogLevel.Warning, "The use of a service account could not be noted ({Reason}).")]
    private static partial void LogNotNoted(ILogger logger, string reason);
}
