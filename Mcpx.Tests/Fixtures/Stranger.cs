using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Mcpx.Tests.Fixtures;

/// <summary>The Owner of another organisation on the same gateway, with a token of every scope.</summary>
internal sealed record Stranger(Membership Membership, string Token)
{
    public static async Task<Stranger> CreateAsync(GatewayFixture gateway)
    {
        var cancelled = TestContext.Current.CancellationToken;
        var memberships = gateway.Services.GetRequiredService<IMembershipStore>();
        var owner = await memberships.EnsureOwnerAsync(
            new Organization(EntityId.New<OrganizationId>(TimeProvider.System), "elsewhere", "Elsewhere"),
            new User(EntityId.New<UserId>(TimeProvider.System), "Eve", null), cancelled);
        var actor = Actor.Of(owner, TestChanges.Origin);
        var issued = await gateway.Services.GetRequiredService<TokenAdmin>().CreateAsync(actor, new NewToken("stranger", TokenScopes.All.ToNames()), cancelled);
        return new Stranger(owner, issued.Text.Reveal());
    }
}
