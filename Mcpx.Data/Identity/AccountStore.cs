using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Mcpx.Data.Identity;

internal sealed class AccountStore(ScopedContexts contexts, ChangeWriter changes) : IAccountStore
{
    public async Task<T> WithinAsync<T>(ExternalIdentity identity, Func<IAccountWork, Task<T>> work, CancellationToken cancellationToken)
    {
        // Everything: who signs in is nobody yet, and a login may belong to anybody.
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // In the order of their numbers, so that two sign-ins that want both never wait for each other in a ring.
        foreach (long key in LockKeysOf(identity).Order())
            await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({key})", cancellationToken);
        T result = await work(new AccountWork(context, changes, identity));
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    public async Task<User?> FindUserAsync(UserId user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        return await context.FindUserAsync(user, cancellationToken);
    }

    public async Task<IReadOnlyList<ExternalLogin>> ListLoginsAsync(UserId user, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        return await context.ListLoginsAsync(user, cancellationToken);
    }

    public async Task RenameAsync(UserId user, string name, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await LockAsync(context, user, cancellationToken);
        if (await context.FindUserAsync(user, cancellationToken) is not { } before) return;
        // Before it changes: it is done under the name of before.
        await Written.OfPerson(user, change.Between(before.ToAudit(), (before with { Name = name }).ToAudit())).SaveAsync(context, cancellationToken);
        await context.Users.Where(u => u.Id == user).ExecuteUpdateAsync(set => set.SetProperty(u => u.Name, name), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task UnlinkAsync(UserId user, Func<IReadOnlyList<ExternalLogin>, ExternalLogin> choose, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Two unlinkings at once must not each leave the other's login as the last way in.
        await LockAsync(context, user, cancellationToken);
        ExternalLogin login = choose(await context.ListLoginsAsync(user, cancellationToken));
        await context.ExternalLogins.Where(l => l.UserId == user && l.Issuer == login.Issuer && l.Subject == login.Subject).ExecuteDeleteAsync(cancellationToken);
        await context.FollowLoginsAsync(user, cancellationToken);
        string name = (await context.FindUserAsync(user, cancellationToken))?.Name ?? "";
        await Written.OfPerson(user, change.Between(ExternalLogin.ToAudit(login.Provider, name), null)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static Task<int> LockAsync(McpxDbContext context, UserId user, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlAsync($"SELECT 1 FROM users WHERE id = {user.Value} FOR NO KEY UPDATE", cancellationToken);

    private static IEnumerable<long> LockKeysOf(ExternalIdentity identity)
    {
        yield return KeyOf($"login\n{identity.Issuer}\n{identity.Subject}");
        if (identity.Email is not null) yield return KeyOf($"email\n{identity.Email}");
    }

    /// <summary>Collisions only make two strangers wait for each other.</summary>
    private static long KeyOf(string text) => BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes("mcpx/account/" + text)));
}

internal static class LoginRows
{
    public static Task<User?> FindUserAsync(this McpxDbContext context, UserId user, CancellationToken cancellationToken) =>
        context.Users.Where(u => u.Id == user).Select(u => new User(u.Id, u.Name, u.Email)).SingleOrDefaultAsync(cancellationToken);

    public static async Task<IReadOnlyList<ExternalLogin>> ListLoginsAsync(this McpxDbContext context, UserId user, CancellationToken cancellationToken)
    {
        List<ExternalLoginRow> rows = await context.ExternalLogins.AsNoTracking().Where(l => l.UserId == user)
            .OrderBy(l => l.LinkedAt).ThenBy(l => l.Issuer).ThenBy(l => l.Subject).ToListAsync(cancellationToken);
        return [.. rows.Select(ToLogin)];
    }

    public static ExternalLogin ToLogin(ExternalLoginRow row) => new(
        row.Provider, row.Issuer, row.Subject, row.UserId, row.Name, row.Email, row.EmailTrusted, row.LinkedAt, row.LastUsedAt);

    /// <summary>
    /// A user's address is that of a login: a verified one before others, the present one before another, the oldest first.
    /// Without such a login it stays, and nobody vouches for it any more: an invitation must not find it.
    /// </summary>
    public static Task<int> FollowLoginsAsync(this McpxDbContext context, UserId user, CancellationToken cancellationToken) => context.Database.ExecuteSqlAsync(
        $"""
        UPDATE users u SET email = coalesce(b.email, u.email), email_verified = coalesce(b.email_trusted, false)
        FROM (SELECT 1) AS one LEFT JOIN LATERAL (
            SELECT l.email, l.email_trusted FROM external_logins l JOIN users c ON c.id = l.user_id
            WHERE l.user_id = {user.Value} AND l.email IS NOT NULL
            ORDER BY l.email_trusted DESC, (l.email IS NOT DISTINCT FROM c.email) DESC, l.linked_at LIMIT 1) AS b ON true
        WHERE u.id = {user.Value}
        """, cancellationToken);
}
