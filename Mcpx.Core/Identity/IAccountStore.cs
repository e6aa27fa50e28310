using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Accounts and the logins that open them.</summary>
public interface IAccountStore
{
    /// <summary>
    /// Runs <paramref name="work"/> as one transaction, while everybody else's work about the same login or the same e-mail
    /// address waits, on every replica: of two first sign-ins at once, the second finds what the first one made.
    /// </summary>
    Task<T> WithinAsync<T>(ExternalIdentity identity, Func<IAccountWork, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Null when the user is gone.</summary>
    Task<User?> FindUserAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>A user's logins, oldest first.</summary>
    Task<IReadOnlyList<ExternalLogin>> ListLoginsAsync(UserId user, CancellationToken cancellationToken);

    Task RenameAsync(UserId user, string name, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Takes one login off the account. <paramref name="choose"/> sees all of them while nobody else can change them, says
    /// which one goes, and may throw to keep them.
    /// </summary>
    Task UnlinkAsync(UserId user, Func<IReadOnlyList<ExternalLogin>, ExternalLogin> choose, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>What one sign-in or linking does, inside <see cref="IAccountStore.WithinAsync"/>.</summary>
public interface IAccountWork
{
    /// <summary>The login with the identity's (issuer, subject); null when nobody has it.</summary>
    Task<ExternalLogin?> FindLoginAsync(CancellationToken cancellationToken);

    /// <summary>The accounts that have a login with this address, verified by a provider that can be trusted for it.</summary>
    Task<IReadOnlyList<UserId>> FindByTrustedEmailAsync(string email, CancellationToken cancellationToken);

    Task<IReadOnlyList<ExternalLogin>> ListLoginsAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>Makes the user and an organisation of their own, with them as Owner, and returns the organisation.</summary>
    Task<Organization> CreateUserAsync(User user, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Links the identity to the user, or takes over what it says now. The user's own address follows. Only the first is a
    /// <paramref name="change"/>.
    /// </summary>
    Task SaveLoginAsync(UserId user, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Lets the user's memberships follow the identity's groups: those that groups gave are added, changed and removed, those
    /// that people gave are left alone, and the last Owner stays. False when nothing had to change.
    /// </summary>
    Task<bool> FollowGroupsAsync(UserId user, IReadOnlyList<string> groups, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken);
}
