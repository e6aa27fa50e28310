using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Somebody of an organisation, as its people see them.</summary>
/// <param name="FromGroups">The membership came from a provider's groups, which decide its role at each sign-in.</param>
public sealed record Member(User User, Role Role, DateTimeOffset JoinedAt, bool FromGroups)
{
    public AuditView ToAudit() => new AuditView(User.Name).With("role", Role);
}

/// <summary>What stands in the database at the moment of a change, and can't change until it is done.</summary>
/// <param name="Actor">The role of the person who acts; null when they are no member any more, or no person.</param>
/// <param name="Owners">How many Owners the organisation has.</param>
public sealed record MemberFacts(Role? Actor, Member Member, int Owners);

public interface IMemberStore
{
    /// <summary>In the order of the users' ids.</summary>
    Task<Page<Member>> ListAsync(OrganizationId organization, UserId? after, int size, CancellationToken cancellationToken);

    Task<Member?> FindAsync(OrganizationId organization, UserId user, CancellationToken cancellationToken);

    /// <summary>
    /// Changes a role or ends a membership. Changes of one organisation's members happen one after the other, so that of
    /// two Owners who leave at once one stays. Open invitations that the person may not make any more are revoked with it.
    /// </summary>
    /// <param name="decide">Returns the new role, null to end the membership; a refusal that it throws leaves everything as it is.</param>
    /// <returns>False when there is no such member.</returns>
    Task<bool> ChangeAsync(
        OrganizationId organization, UserId user, UserId? actor, Func<MemberFacts, Role?> decide, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);
}
