using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>A fresh installation has one organisation and its Owner, who signs in by a one-time link.</summary>
internal sealed class FirstOwner(IMembershipStore memberships, OperatorOrganization operators, TimeProvider time)
{
    private const string Occasion = "start-up";

    private Membership? _owner;

    public Membership Owner => _owner ?? throw new InvalidOperationException("Start-up has not made the first owner yet.");

    public Actor Actor => Actor.Of(Owner, RequestOrigin.Installation(Occasion));

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        OrganizationId id = EntityId.New<OrganizationId>(time);
        _owner = await memberships.EnsureOwnerAsync(
            new Organization(id, OperatorOrganization.Slug, "Home"), new User(EntityId.New<UserId>(time), "Owner", Email: null),
            AdminChange.ByInstallation(Occasion, AdminAction.OrganizationCreate, SubjectKinds.Organization, id.Value, time), cancellationToken);
        operators.Set(_owner.Organization.Id);
    }
}
