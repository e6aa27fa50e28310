using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

/// <summary>An account as its owner sees it.</summary>
public sealed record Account(User User, IReadOnlyList<ExternalLogin> Logins, IReadOnlyList<Membership> Memberships);

/// <summary>
/// The one door to a person's own account. It takes the person from the session, not an <see cref="Actor"/>: an account
/// belongs to no organisation, and no role of one gives a right to it.
/// </summary>
public sealed partial class AccountAdmin(IAccountStore store, IMembershipStore memberships, IdentityProviders providers, TimeProvider time, ILogger<AccountAdmin> logger)
{
    /// <exception cref="RefusalException.NotFound">The account is gone.</exception>
    public async Task<Account> GetAsync(UserId user, CancellationToken cancellationToken)
    {
        User found = await store.FindUserAsync(user, cancellationToken) ?? throw new RefusalException.NotFound("account");
        return new Account(found, await store.ListLoginsAsync(user, cancellationToken), await memberships.ListAsync(user, cancellationToken));
    }

    /// <exception cref="RefusalException.Invalid">The name breaks rules.</exception>
    public Task RenameAsync(SignedIn me, string? name, CancellationToken cancellationToken)
    {
        new InputCheck().Name(name, "name").Require(name?.Contains('\n', StringComparison.Ordinal) is not true, "name", "Use one line.").ThrowIfWrong();
        return store.RenameAsync(me.User, name!.Trim(), ChangeBy(me, AdminAction.AccountRename), cancellationToken);
    }

    /// <summary>
    /// Links a login to the account from inside its session. Whatever its address is: the person has just shown that both
    /// are theirs.
    /// </summary>
    /// <exception cref="RefusalException.Conflict">The login opens another account.</exception>
    /// <exception cref="RefusalException.Invalid">What the provider said names nobody.</exception>
    public async Task LinkAsync(SignedIn me, ExternalIdentity given, CancellationToken cancellationToken)
    {
        ExternalIdentity identity = given.Normalized() ?? throw new RefusalException.Invalid([new FieldError("login", "The provider's answer names nobody.")]);
        await store.WithinAsync(identity, async work =>
        {
            // Not moved: else whoever gets into one session takes the other account's way in.
            if (await work.FindLoginAsync(cancellationToken) is { } known && known.User != me.User)
                throw new RefusalException.Conflict("login", $"This {providers.LabelOf(identity.Provider)} account already opens another account here. Sign in with it and unlink it there first.");
            await work.SaveLoginAsync(me.User, Instant.Now(time), ChangeBy(me, AdminAction.AccountLink), cancellationToken);
            return true;
        }, cancellationToken);
        LogLinked(logger, me.User, identity.Provider);
    }

    /// <summary>Takes a login off the account. Sessions, tokens and memberships stay as they are.</summary>
    /// <exception cref="RefusalException.NotFound">The account has no such login.</exception>
    /// <exception cref="RefusalException.Conflict">Nobody could come in any more.</exception>
    public async Task UnlinkAsync(SignedIn me, string issuer, string subject, CancellationToken cancellationToken)
    {
        ExternalLogin? unlinked = null;
        await store.UnlinkAsync(me.User, logins =>
        {
            unlinked = logins.FirstOrDefault(login => login.Issuer == issuer && login.Subject == subject) ?? throw new RefusalException.NotFound("login");
            if (IsLastWay(logins, unlinked))
                throw new RefusalException.Conflict("login", "This is the last way into the account: link another one first.");
            return unlinked;
        }, ChangeBy(me, AdminAction.AccountUnlink), cancellationToken);
        LogUnlinked(logger, me.User, unlinked!.Provider);
    }

    /// <summary>A login of a provider that was switched off is no way in, and may go; the only one that is may not.</summary>
    public bool IsLastWay(IReadOnlyList<ExternalLogin> logins, ExternalLogin login) => providers.IsWayIn(login) && logins.Count(providers.IsWayIn) == 1;

    private AdminChange ChangeBy(SignedIn me, AdminAction action) => AdminChange.By(me, action, SubjectKinds.Account, me.User.Value, time);

    [LoggerMessage(6032, LogLevel.Information, "User {User} linked a login of {Provider}.")]
    private static partial void LogLinked(ILogger logger, UserId user, string provider);

    [LoggerMessage(6033, LogLevel.Information, "User {User} unlinked a login of {Provider}.")]
    private static partial void LogUnlinked(ILogger logger, UserId user, string provider);
}
