using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>Whom rules and questions can be about in this organisation.</summary>
internal sealed record AudienceChoices(IReadOnlyList<Member> Members, IReadOnlyList<ServiceAccount> Accounts, IReadOnlyList<PersonalAccessToken> Tokens)
{
    public static AudienceChoices None { get; } = new([], [], []);

    public static async Task<AudienceChoices> ReadAsync(
        MemberAdmin members, ServiceAccountAdmin accounts, TokenAdmin tokens, TimeProvider time, Actor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new AudienceChoices(
            (await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, cancellationToken)).Items,
            [.. (await accounts.ListAsync(actor, cancellationToken)).Select(a => a.Account)],
            [.. (await tokens.ListAsync(actor, cancellationToken)).Where(t => t.RevokedAt is null && t.ExpiresAt > now)]);
    }

    public Dictionary<Guid, string> Names()
    {
        Dictionary<Guid, string> names = [];
        foreach (Member member in Members) names[member.User.Id.Value] = member.User.Name;
        foreach (ServiceAccount account in Accounts) names[account.Id.Value] = account.Name;
        foreach (PersonalAccessToken token in Tokens) names[token.Id.Value] = token.UserName is null ? token.Name : $"{token.Name} of {token.UserName}";
        return names;
    }

    /// <summary>Callers who can be asked about.</summary>
    public IEnumerable<SelectOption<string>> Callers()
    {
        foreach (Member member in Members) yield return new(RuleWords.KeyOf(RuleAudience.Of(member.User.Id)), $"{member.User.Name} ({member.Role})");
        foreach (ServiceAccount account in Accounts) yield return new(RuleWords.KeyOf(RuleAudience.Of(account.Id)), $"Service account {account.Name}");
        foreach (PersonalAccessToken token in Tokens) yield return new(RuleWords.KeyOf(RuleAudience.Of(token.Id)), $"Token {token.Name}{(token.UserName is null ? "" : $" of {token.UserName}")}");
    }

    /// <summary>Everybody whom a rule can be for.</summary>
    public IEnumerable<SelectOption<string>> All() =>
    [
        new(RuleWords.Everyone, "Everyone"),
        .. Enum.GetValues<Role>().Select(role => new SelectOption<string>(RuleWords.KeyOf(RuleAudience.Of(role)), $"The role {role}")),
        .. Callers(),
    ];

    /// <summary>As rules see them; a token stands for its person.</summary>
    public RuleSubject SubjectOf(RuleAudience audience) => audience switch
    {
        { Kind: AudienceKind.Role } => new RuleSubject(audience.Role),
        { Kind: AudienceKind.Member, Id: { } id } => new RuleSubject(RoleOf(UserId.From(id)), UserId.From(id)),
        { Kind: AudienceKind.ServiceAccount, Id: { } id } => new RuleSubject(Accounts.FirstOrDefault(a => a.Id.Value == id)?.Role, Account: ServiceAccountId.From(id)),
        { Kind: AudienceKind.Token, Id: { } id } when Tokens.FirstOrDefault(t => t.Id.Value == id) is { } token => new RuleSubject(RoleOf(token.User), token.User, Token: token.Id),
        _ => default,
    };

    private Role? RoleOf(UserId user) => Members.FirstOrDefault(m => m.User.Id == user)?.Role;
}
