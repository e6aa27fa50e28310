using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

/// <summary>Why somebody whom a provider knows may not come in.</summary>
public enum SignInRefusal
{
    /// <summary>What the provider said names nobody: no subject, or one that can't be kept.</summary>
    Unusable,

    /// <summary>New accounts need a verified address here, and this one is not.</summary>
    EmailNotVerified,

    /// <summary>New accounts are for certain domains here.</summary>
    DomainNotAdmitted,
}

/// <summary>How a sign-in ended.</summary>
public abstract record SignInOutcome
{
    private SignInOutcome()
    {
    }

    public sealed record SignedIn(UserId User, bool IsNew) : SignInOutcome;

    public sealed record Refused(SignInRefusal Reason) : SignInOutcome;
}

/// <summary>Whose account a sign-in at a provider opens.</summary>
public sealed partial class Accounts(
    IAccountStore store, IdentityProviders providers, SignInPolicy policy, RefusedSignIns refused, ChangeFeed changes, TimeProvider time, ILogger<Accounts> logger)
{
    /// <summary>
    /// The account with this (issuer, subject); else the one that the address leads to, where <see cref="FindByAddressAsync"/>
    /// allows it; else a new one, with an organisation of its own.
    /// </summary>
    /// <param name="origin">Where the browser is that came back from the provider.</param>
    public async Task<SignInOutcome> SignInAsync(ExternalIdentity given, RequestOrigin origin, CancellationToken cancellationToken)
    {
        if (given.Normalized() is not { } identity)
            return await RefuseAsync(given.Provider, SignInRefusal.Unusable, origin);
        Decided decided = await store.WithinAsync(identity, work => DecideAsync(work, identity, origin, cancellationToken), cancellationToken);
        if (decided.User is not { } user)
            return await RefuseAsync(identity.Provider, decided.Refusal, origin);

        if (decided.Created is { } organization) await changes.PublishAsync(new Change(ChangeKind.Configuration, organization.Value));
        if (decided.GroupsChanged) await changes.PublishAsync(new Change(ChangeKind.Member, user.Value));
        LogSignedIn(logger, user, identity.Provider, decided.How, decided.GroupsChanged);
        return new SignInOutcome.SignedIn(user, decided.Created is not null);
    }

    private async Task<Decided> DecideAsync(IAccountWork work, ExternalIdentity identity, RequestOrigin origin, CancellationToken cancellationToken)
    {
        DateTimeOffset now = Instant.Now(time);
        Decided decided;
        if (await work.FindLoginAsync(cancellationToken) is { } known)
        {
            decided = new Decided(known.User, "known login");
        }
        else if (await FindByAddressAsync(work, identity, cancellationToken) is { } owner)
        {
            decided = new Decided(owner, "verified address");
        }
        else if (policy.Refuse(identity) is { } refusal)
        {
            return new Decided(null, "") { Refusal = refusal };
        }
        else
        {
            User user = new(EntityId.New<UserId>(time), identity.Name, identity.Email);
            Organization own = await work.CreateUserAsync(user, now, ChangeBy(user.Id, origin, AdminAction.OrganizationCreate, SubjectKinds.Organization, subject: null), cancellationToken);
            decided = new Decided(user.Id, "new account") { Created = own.Id };
        }

        UserId signedIn = decided.User!.Value;
        await work.SaveLoginAsync(signedIn, now, ChangeBy(signedIn, origin, AdminAction.AccountLink, SubjectKinds.Account, signedIn.Value), cancellationToken);
        if (identity.Groups is null) return decided;
        AdminChange change = ChangeBy(signedIn, origin, AdminAction.MemberGroups, SubjectKinds.Member, signedIn.Value);
        return decided with { GroupsChanged = await work.FollowGroupsAsync(signedIn, identity.Groups, now, change, cancellationToken) };
    }

    private AdminChange ChangeBy(UserId user, RequestOrigin origin, AdminAction action, string kind, Guid? subject) => AdminChange.By(user, origin, action, kind, subject, time);

    /// <summary>
    /// Joining by e-mail, which is how accounts are taken over where it is done loosely. Both addresses must be verified by
    /// providers that can be trusted for it; exactly one account may have the address; and that account must not know
    /// another person of the same provider: a provider that gives the address another subject says that it changed hands.
    /// </summary>
    private async Task<UserId?> FindByAddressAsync(IAccountWork work, ExternalIdentity identity, CancellationToken cancellationToken)
    {
        if (!identity.EmailTrusted || identity.Email is null) return null;
        if (await work.FindByTrustedEmailAsync(identity.Email, cancellationToken) is not [var owner]) return null;
        IReadOnlyList<ExternalLogin> logins = await work.ListLoginsAsync(owner, cancellationToken);
        return logins.Any(login => IsSameProvider(login, identity)) ? null : owner;
    }

    /// <summary>
    /// Another tenant of Microsoft's is the same provider. Another issuer under the same name is not: the operator moved from
    /// one to the other, and people come along.
    /// </summary>
    private bool IsSameProvider(ExternalLogin login, ExternalIdentity identity) =>
        login.Issuer == identity.Issuer || login.Provider == identity.Provider && providers.Find(identity.Provider) is { HasIssuerPerTenant: true };

    private async Task<SignInOutcome> RefuseAsync(string provider, SignInRefusal reason, RequestOrigin origin)
    {
        LogRefused(logger, provider, reason);
        await refused.NoteAsync(provider, reason.ToString(), origin);
        return new SignInOutcome.Refused(reason);
    }

    [LoggerMessage(6030, LogLevel.Information, "User {User} signed in with {Provider} ({How}); memberships by groups changed: {GroupsChanged}.")]
    private static partial void LogSignedIn(ILogger logger, UserId user, string provider, string how, bool groupsChanged);

    [LoggerMessage(6031, LogLevel.Warning, "A sign-in with {Provider} was refused: {Reason}.")]
    private static partial void LogRefused(ILogger logger, string provider, SignInRefusal reason);

    private sealed record Decided(UserId? User, string How)
    {
        public SignInRefusal Refusal { get; init; }

        /// <summary>The organisation that was made for a new user.</summary>
        public OrganizationId? Created { get; init; }

        public bool GroupsChanged { get; init; }
    }
}
