using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>A fresh installation has one organisation and its Owner, who signs in by a one-time link.</summary>
internal sealed class FirstOwner(IMembershipStore memberships, TimeProvider time)
{
    private const string Slug = "home";

    private Membership? _owner;

    public Membership Owner => _owner ?? throw new InvalidOperationException("Start-up has not made the first owner yet.");

    public Actor Actor => new(Owner.Organization.Id, Owner.User.Id, Owner.User.Name, Owner.Role, "start-up");

    public async Task EnsureAsync(CancellationToken cancellationToken) =>
        _owner = await memberships.EnsureOwnerAsync(
            new Organization(EntityId.New<OrganizationId>(time), Slug, "Home"),
            new User(EntityId.New<UserId>(time), "Owner", Email: null), cancellationToken);
}
