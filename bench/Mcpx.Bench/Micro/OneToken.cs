using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Bench.Micro;

/// <summary>A database in which every token is that of the one member.</summary>
internal sealed class OneToken(TimeProvider time) : ITokenStore
{
    public Task<TokenGrant?> FindByHashAsync(IReadOnlyList<byte[]> hashes, CancellationToken cancellationToken)
    {
        var organization = new Organization(EntityId.New<OrganizationId>(time), "acme", "Acme");
        var user = new User(EntityId.New<UserId>(time), "Ada", null);
        var now = time.GetUtcNow();
        var token = new PersonalAccessToken(
            EntityId.New<TokenId>(time), organization.Id, user.Id, "bench", "…", TokenScopes.All, now, now.AddDays(1), RevokedAt: null, LastUsedAt: null);
        return Task.FromResult<TokenGrant?>(new TokenGrant(token, new Membership(organization, user, Role.Member)));
    }

    public Task AddAsync(PersonalAccessToken token, byte[] hash, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<PersonalAccessToken>> ListAsync(OrganizationId organization, UserId? user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<TokenId>> RevokeAsync(
        OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> lastUsed, CancellationToken cancellationToken) => throw new NotSupportedException();
}
