using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

public enum InvitationState
{
    Open,
    Expired,
    Revoked,
    Accepted,
}

/// <summary>An offer to join an organisation, to whoever has the address verified. The link's code is not in it.</summary>
/// <param name="InvitedBy">Null when a service account invited, or the person is gone.</param>
/// <param name="SentAt">When a mail with the present link left; null when people hand the link over.</param>
public sealed record Invitation(
    InvitationId Id,
    OrganizationId Organization,
    string Email,
    Role Role,
    User? InvitedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? SentAt = null,
    DateTimeOffset? RevokedAt = null,
    DateTimeOffset? AcceptedAt = null,
    UserId? AcceptedBy = null)
{
    public InvitationState StateAt(DateTimeOffset now) =>
        AcceptedAt is not null ? InvitationState.Accepted
        : RevokedAt is not null ? InvitationState.Revoked
        : ExpiresAt <= now ? InvitationState.Expired
        : InvitationState.Open;

    public AuditView ToAudit() => new AuditView(Email).With("role", Role).With("expiresAt", ExpiresAt).With("revokedAt", RevokedAt).With("acceptedAt", AcceptedAt);

    /// <summary>To invite somebody into a role is to give it: above Member that is for those who change roles.</summary>
    public static Permission PermissionFor(Role role) => role is Role.Member ? Permission.ManageMembers : Permission.ManageRoles;
}

/// <summary>An invitation together with the organisation it leads into.</summary>
public sealed record InvitationOffer(Invitation Invitation, Organization Organization);

/// <summary>What stands in the database at the moment of inviting.</summary>
/// <param name="Actor">The role of the person who invites; null when they are no member any more, or no person.</param>
/// <param name="IsMember">Somebody with this verified address belongs to the organisation.</param>
/// <param name="Waiting">How many other invitations of the organisation wait.</param>
/// <param name="Before">The invitation that waits for this address already.</param>
public sealed record InvitationFacts(Role? Actor, bool IsMember, int Waiting, Invitation? Before);

/// <summary>How it ended when somebody accepted.</summary>
public abstract record Acceptance
{
    private Acceptance()
    {
    }

    public sealed record Joined(Membership Membership) : Acceptance;

    /// <summary>The link can't be used: it was, it ran out, or it was revoked.</summary>
    public sealed record Over(InvitationState State) : Acceptance;

    /// <summary>No invitation has this link.</summary>
    public sealed record Unknown : Acceptance;

    /// <summary>The account has not verified the address that was invited.</summary>
    public sealed record OtherAddress(string Masked) : Acceptance;
}

public interface IInvitationStore
{
    /// <summary>Invitations that were neither accepted nor revoked, newest first, those that ran out included.</summary>
    Task<IReadOnlyList<Invitation>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Adds the invitation, or renews the one that waits for the same address.</summary>
    /// <param name="check">A refusal that it throws leaves everything as it is.</param>
    /// <returns>The invitation as it is kept; null when the organisation is gone.</returns>
    Task<Invitation?> PutAsync(Invitation invitation, byte[] hash, Action<InvitationFacts> check, AdminChange change, CancellationToken cancellationToken);

    Task<Invitation?> FindAsync(OrganizationId organization, InvitationId id, CancellationToken cancellationToken);

    /// <summary>False when there is none that waits.</summary>
    Task<bool> RevokeAsync(OrganizationId organization, InvitationId id, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    Task MarkSentAsync(OrganizationId organization, InvitationId id, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>By the hash of its code, in whatever state; null when there is none.</summary>
    Task<InvitationOffer?> FindByHashAsync(byte[] hash, CancellationToken cancellationToken);

    /// <summary>The account's addresses for which somebody who can be trusted vouches, as they were given.</summary>
    Task<IReadOnlyList<string>> VerifiedAddressesAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the user a member, once. Somebody who is a member already keeps the higher of the two roles. Never
    /// <see cref="Acceptance.OtherAddress"/>: whether the address is theirs was asked before.
    /// </summary>
    Task<Acceptance> AcceptAsync(OrganizationId organization, byte[] hash, UserId user, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);
}
