using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Who sent a call, as its credential proves it.</summary>
public sealed record Caller(Membership Membership, TokenId Token, string TokenName, TokenScopes Scopes, DateTimeOffset ExpiresAt)
{
    public OrganizationId Organization => Membership.Organization.Id;

    public UserId User => Membership.User.Id;

    public Role Role => Membership.Role;
}

/// <summary>Turns a credential into the caller it proves; null when it proves nothing.</summary>
public interface ICallerDirectory
{
    ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken);
}
