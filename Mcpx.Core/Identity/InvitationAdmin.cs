using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

public sealed record NewInvitation(string? Email, Role Role = Role.Member);

/// <summary>A new link of an invitation. It exists only here: what was mailed is not shown, what was not is shown once.</summary>
public sealed record IssuedInvitation(Invitation Invitation, InvitationDelivery Delivery, Secret Link);

/// <summary>The one door to invitations, from both sides.</summary>
public sealed partial class InvitationAdmin(
    IInvitationStore store,
    IOrganizationStore organizations,
    IInvitationPost post,
    InvitationLinks links,
    ChangeFeed changes,
    TimeProvider time,
    ILogger<InvitationAdmin> logger)
{
    public const int MostWaiting = 500;

    private const int CodeBytes = 32;

    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(7);

    /// <summary>Our mail server must not become somebody's means to fill a stranger's inbox.</summary>
    public static TimeSpan MailAgainAfter { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Invitations are mailed; if not, their links have to be handed over.</summary>
    public bool Mails => post.Mails;

    /// <summary>Those that wait, and those that ran out.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<Invitation>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageMembers);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <summary>Invites an address; one that is invited already gets a new link, and the old one ends.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, a member already, or too many.</exception>
    public async Task<IssuedInvitation> InviteAsync(Actor actor, NewInvitation input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageMembers);
        bool isAddress = EmailAddress.TryNormalize(input.Email, out string? email);
        new InputCheck()
            .Require(isAddress, "email", string.IsNullOrWhiteSpace(input.Email) ? "An address is required." : "Use an e-mail address such as ada@example.com.")
            .Require(Enum.IsDefined(input.Role), "role", "Use owner, admin or member.")
            .ThrowIfWrong();
        actor.Demand(Invitation.PermissionFor(input.Role));
        return await IssueAsync(actor, AdminAction.InvitationCreate, EntityId.New<InvitationId>(time), email!, input.Role, cancellationToken);
    }

    /// <summary>A new link that is good for another seven days; the old one ends.</summary>
    /// <exception cref="RefusalException">Not allowed, not there, or it was mailed just now.</exception>
    public async Task<IssuedInvitation> ResendAsync(Actor actor, InvitationId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageMembers);
        Invitation? before = await store.FindAsync(actor.Organization, id, cancellationToken);
        if (before is not { AcceptedAt: null, RevokedAt: null }) throw new RefusalException.NotFound("invitation");
        // Whoever sends it again vouches for it: it lives and dies with their rights.
        actor.Demand(Invitation.PermissionFor(before.Role));
        return await IssueAsync(actor, AdminAction.InvitationResend, before.Id, before.Email, before.Role, cancellationToken, mustWait: true);
    }

    /// <exception cref="RefusalException">Not allowed, or none that waits.</exception>
    public async Task RevokeAsync(Actor actor, InvitationId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageMembers);
        if (!await store.RevokeAsync(actor.Organization, id, Instant.Now(time), AdminChange.By(actor, AdminAction.InvitationRevoke, SubjectKinds.Invitation, id.Value, time), cancellationToken))
            throw new RefusalException.NotFound("invitation");
        LogRevoked(logger, id, actor.Organization, actor.Name);
    }

    /// <summary>What a link offers, in whatever state; null when no invitation has it. Whoever holds the link may see it.</summary>
    public async Task<InvitationOffer?> FindOfferAsync(string? code, CancellationToken cancellationToken) =>
        IsCode(code) ? await store.FindByHashAsync(Hash(code!), cancellationToken) : null;

    /// <summary>True when the invited address is one of the account's verified ones.</summary>
    public async Task<bool> IsForAsync(InvitationOffer offer, UserId user, CancellationToken cancellationToken) =>
        (await store.VerifiedAddressesAsync(user, cancellationToken)).Any(a => EmailAddress.TryNormalize(a, out string? own) && own == offer.Invitation.Email);

    /// <summary>Takes an invitation, once, for the account that has its address verified.</summary>
    public async Task<Acceptance> AcceptAsync(SignedIn me, string? code, CancellationToken cancellationToken)
    {
        if (await FindOfferAsync(code, cancellationToken) is not { } offer) return new Acceptance.Unknown();
        if (!await IsForAsync(offer, me.User, cancellationToken)) return new Acceptance.OtherAddress(EmailAddress.Mask(offer.Invitation.Email));
        Acceptance acceptance = await store.AcceptAsync(offer.Organization.Id, Hash(code!), me.User, Instant.Now(time),
            AdminChange.By(me, AdminAction.InvitationAccept, SubjectKinds.Invitation, offer.Invitation.Id.Value, time), cancellationToken);
        if (acceptance is not Acceptance.Joined joined) return acceptance;
        await changes.PublishAsync(new Change(ChangeKind.Member, me.User.Value));
        LogAccepted(logger, offer.Invitation.Id, me.User, joined.Membership.Organization.Id, joined.Membership.Role);
        return acceptance;
    }

    private async Task<IssuedInvitation> IssueAsync(
        Actor actor, AdminAction action, InvitationId id, string email, Role role, CancellationToken cancellationToken, bool mustWait = false)
    {
        DateTimeOffset now = Instant.Now(time);
        string code = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(CodeBytes));
        Invitation asked = new(id, actor.Organization, email, role, actor.Person, now, now + Lifetime);
        Invitation kept = await store.PutAsync(asked, Hash(code), facts => Check(actor, asked, facts, mustWait),
                AdminChange.By(actor, action, SubjectKinds.Invitation, id.Value, time), cancellationToken)
            ?? throw new RefusalException.NotFound("organisation");
        Secret link = links.To(code);
        InvitationDelivery delivery = await MailAsync(kept, link, cancellationToken);
        LogInvited(logger, kept.Id, actor.Organization, role, delivery, actor.Name);
        return new IssuedInvitation(delivery is InvitationDelivery.Mailed ? kept with { SentAt = now } : kept, delivery, link);
    }

    private static void Check(Actor actor, Invitation asked, InvitationFacts facts, bool mustWait)
    {
        if (actor.User is not null)
            (actor with { Role = facts.Actor ?? throw new RefusalException.Forbidden("You are no longer a member of this organisation.") }).Demand(Invitation.PermissionFor(asked.Role));
        // It may have been accepted or revoked since it was read; what is sent again must not come back to life.
        if (mustWait && facts.Before?.Id != asked.Id) throw new RefusalException.NotFound("invitation");
        if (facts.IsMember) throw new RefusalException.Conflict("email", "Somebody with this address is a member already.");
        if (facts.Waiting >= MostWaiting)
            throw new RefusalException.Conflict("email", $"{MostWaiting} invitations wait already: revoke some that nobody will accept.");
        if (facts.Before?.SentAt is { } sent && asked.CreatedAt - sent < MailAgainAfter)
            throw new RefusalException.Conflict("email", "This invitation was mailed just now: wait a minute before it is sent again.");
    }

    private async Task<InvitationDelivery> MailAsync(Invitation invitation, Secret link, CancellationToken cancellationToken)
    {
        if (!post.Mails) return InvitationDelivery.Link;
        OrganizationDetails? organization = await organizations.FindAsync(invitation.Organization, cancellationToken);
        InvitationLetter letter = new(invitation.Email, organization?.Organization.Name ?? "", invitation.InvitedBy?.Name, invitation.Role, invitation.ExpiresAt, link);
        InvitationDelivery delivery = await post.SendAsync(letter, cancellationToken);
        // The mail has left: that it did is kept, whether or not somebody still waits for the answer.
        if (delivery is InvitationDelivery.Mailed) await store.MarkSentAsync(invitation.Organization, invitation.Id, Instant.Now(time), CancellationToken.None);
        return delivery;
    }

    private static bool IsCode(string? code) => code is { Length: CodeBytes * 2 };

    // 256 random bits: a plain hash is as good as a peppered one, and the database holds no usable link.
    private static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));

    [LoggerMessage(6095, LogLevel.Information, "Invitation {Invitation} into organisation {Organization} as {Role}: {Delivery}; by {Actor}.")]
    private static partial void LogInvited(ILogger logger, InvitationId invitation, OrganizationId organization, Role role, InvitationDelivery delivery, string actor);

    [LoggerMessage(6096, LogLevel.Information, "Invitation {Invitation} into organisation {Organization} was revoked by {Actor}.")]
    private static partial void LogRevoked(ILogger logger, InvitationId invitation, OrganizationId organization, string actor);

    [LoggerMessage(6097, LogLevel.Information, "Invitation {Invitation} was accepted by {User}, who is {Role} of organisation {Organization} now.")]
    private static partial void LogAccepted(ILogger logger, InvitationId invitation, UserId user, OrganizationId organization, Role role);
}
