using System.Security.Cryptography;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Identity;

/// <summary>One sign-in's questions and writes, in the transaction that <see cref="AccountStore"/> opened.</summary>
internal sealed class AccountWork(McpxDbContext context, ChangeWriter changes, ExternalIdentity identity) : IAccountWork
{
    private const string FallbackSlug = "personal";
    private const int LongestSlugStem = 50;

    public async Task<ExternalLogin?> FindLoginAsync(CancellationToken cancellationToken) =>
        await context.ExternalLogins.AsNoTracking().SingleOrDefaultAsync(l => l.Issuer == identity.Issuer && l.Subject == identity.Subject, cancellationToken) is { } row
            ? LoginRows.ToLogin(row)
            : null;

    public async Task<IReadOnlyList<UserId>> FindByTrustedEmailAsync(string email, CancellationToken cancellationToken) =>
        await context.ExternalLogins.Where(l => l.EmailTrusted && l.Email == email).Select(l => l.UserId).Distinct().ToListAsync(cancellationToken);

    public Task<IReadOnlyList<ExternalLogin>> ListLoginsAsync(UserId user, CancellationToken cancellationToken) => context.ListLoginsAsync(user, cancellationToken);

    public async Task<Organization> CreateUserAsync(User user, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken)
    {
        context.Users.Add(new UserRow { Id = user.Id, Name = user.Name, Email = user.Email, EmailVerified = identity.EmailTrusted, CreatedAt = now });
        await context.SaveChangesAsync(cancellationToken);
        Organization own = await CreateOrganizationAsync(OrganizationId.From(Guid.CreateVersion7(now)), user.Name, now, cancellationToken);
        context.Members.Add(new MemberRow { OrgId = own.Id, UserId = user.Id, Role = Role.Owner, JoinedAt = now });
        await context.SaveChangesAsync(cancellationToken);
        await Written.As(change.On(own.Id.Value).In(own.Id, user.Name).Between(null, own.ToAudit())).SaveAsync(context, cancellationToken);
        await changes.NotifyAsync(context, new Change(ChangeKind.Configuration, own.Id.Value), cancellationToken);
        return own;
    }

    public async Task SaveLoginAsync(UserId user, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken)
    {
        bool isNew = await FindLoginAsync(cancellationToken) is null;
        await context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO external_logins (issuer, subject, user_id, provider, email, email_trusted, name, linked_at, last_used_at)
            VALUES ({identity.Issuer}, {identity.Subject}, {user.Value}, {identity.Provider}, {identity.Email}, {identity.EmailTrusted}, {identity.Name}, {now}, {now})
            ON CONFLICT (issuer, subject) DO UPDATE SET provider = excluded.provider, email = excluded.email,
                email_trusted = excluded.email_trusted, name = excluded.name, last_used_at = excluded.last_used_at
            """, cancellationToken);
        await context.FollowLoginsAsync(user, cancellationToken);
        if (!isNew) return;
        string name = (await context.FindUserAsync(user, cancellationToken))?.Name ?? "";
        await Written.OfPerson(user, change.Between(null, ExternalLogin.ToAudit(identity.Provider, name))).SaveAsync(context, cancellationToken);
    }

    public Task<bool> FollowGroupsAsync(UserId user, IReadOnlyList<string> groups, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken) =>
        new GroupMemberships(context, changes).FollowAsync(user, identity.Issuer, groups, now, change, cancellationToken);

    /// <summary>Under the name's own slug, or with a few random letters behind it while that is taken.</summary>
    private async Task<Organization> CreateOrganizationAsync(OrganizationId id, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string stem = Slugs.From(name);
        if (stem.Length > LongestSlugStem) stem = stem[..LongestSlugStem].TrimEnd('-');
        if (stem.Length == 0) stem = FallbackSlug;
        string slug = Organization.ReservedSlugs.Contains(stem) ? Varied(stem) : stem;
        while (await InsertAsync(id, slug, name, now, cancellationToken) == 0)
            slug = Varied(stem);
        return new Organization(id, slug, name);
    }

    private Task<int> InsertAsync(OrganizationId id, string slug, string name, DateTimeOffset now, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO organizations (id, slug, name, config_version, created_at) VALUES ({id.Value}, {slug}, {name}, 1, {now})
            ON CONFLICT (slug) DO NOTHING
            """, cancellationToken);

    private static string Varied(string stem) => $"{stem}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
}
