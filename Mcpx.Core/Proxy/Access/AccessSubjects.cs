using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Proxy.Access;

/// <summary>Somebody whose access is asked about.</summary>
/// <param name="Caller">As calls with their credential would come; null for everyone and for a role.</param>
public sealed record AccessSubject(string Name, RuleSubject Who, Caller? Caller);

/// <summary>Finds the callers that people name, as they would come with a credential of theirs.</summary>
public sealed class AccessSubjects(IMemberStore members, IServiceAccountStore accounts, ITokenStore tokens, TimeProvider time)
{
    /// <exception cref="RefusalException">The organisation has no such member, service account or live token.</exception>
    public async Task<AccessSubject> FindAsync(Organization organization, RuleAudience audience, CancellationToken cancellationToken)
    {
        new InputCheck().Require(audience.IsWhole, "for", RuleAudience.NotWhole).ThrowIfWrong();
        return audience switch
        {
            { Kind: AudienceKind.Role, Role: { } role } => new AccessSubject($"the role {role.ToString().ToLowerInvariant()}", new RuleSubject(role), Caller: null),
            { Kind: AudienceKind.Member, Id: { } id } => Of(PersonOf(organization, await MemberAsync(organization, UserId.From(id), cancellationToken))),
            { Kind: AudienceKind.ServiceAccount, Id: { } id } => Of(AccountOf(organization, await accounts.FindAsync(organization.Id, ServiceAccountId.From(id), cancellationToken))),
            { Kind: AudienceKind.Token, Id: { } id } => Of(await TokenAsync(organization, TokenId.From(id), cancellationToken)),
            _ => new AccessSubject("everyone", default, Caller: null),
        };
    }

    private static AccessSubject Of(Caller caller) => new(caller.TokenName is null ? caller.Principal.Name : $"{caller.Principal.Name} with {caller.TokenName}", RuleSubject.Of(caller), caller);

    private async Task<Member> MemberAsync(Organization organization, UserId user, CancellationToken cancellationToken) =>
        await members.FindAsync(organization.Id, user, cancellationToken) ?? throw new RefusalException.NotFound("member");

    private static Caller PersonOf(Organization organization, Member member) =>
        new(organization, new Principal.Person(member.User), member.Role, TokenScopes.Mcp, DateTimeOffset.MaxValue);

    private static Caller AccountOf(Organization organization, ServiceAccountDetails? details)
    {
        if (details?.Account is not { } account) throw new RefusalException.NotFound("service account");
        if (!account.IsEnabled) throw new RefusalException.Conflict("for", "The service account is switched off: every call of it is refused.");
        return new Caller(organization, new Principal.Service(account.Id, account.Name), account.Role, account.Scopes, DateTimeOffset.MaxValue) { Limits = account.Limits };
    }

    private async Task<Caller> TokenAsync(Organization organization, TokenId id, CancellationToken cancellationToken)
    {
        PersonalAccessToken token = (await tokens.ListAsync(organization.Id, user: null, cancellationToken)).FirstOrDefault(t => t.Id == id) ?? throw new RefusalException.NotFound("token");
        if (token.RevokedAt is not null || token.ExpiresAt <= time.GetUtcNow()) throw new RefusalException.Conflict("for", "The token is revoked or has run out: every call with it is refused.");
        Caller person = PersonOf(organization, await MemberAsync(organization, token.User, cancellationToken));
        return person with { Scopes = token.Scopes, ExpiresAt = token.ExpiresAt, Limits = token.Limits, Token = token.Id, TokenName = token.Name };
    }
}
