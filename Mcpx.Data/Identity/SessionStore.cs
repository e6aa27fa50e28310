using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Mcpx.Data.Identity;

internal sealed class SessionStore(ScopedContexts contexts, ChangeWriter changes) : ISessionStore
{
    public async Task AddAsync(UserSession session, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(session.User), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.Sessions.Add(new SessionRow
        {
            Id = session.Id,
            UserId = session.User,
            Provider = session.Provider,
            // The browser writes its own name.
            Client = PostgresText.Clean(session.Client),
            Address = session.Address,
            CreatedAt = session.CreatedAt,
            LastSeenAt = session.LastSeenAt,
            ExpiresAt = session.ExpiresAt,
            RevokedAt = session.RevokedAt,
        });
        await context.SaveChangesAsync(cancellationToken);
        await Written.OfPerson(session.User, change.Happened(session.Provider)).SaveAsync(context, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<UserSession?> FindAsync(SessionId session, CancellationToken cancellationToken)
    {
        // Whose it is has yet to be found out.
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        return (await context.Sessions.AsNoTracking().SingleOrDefaultAsync(s => s.Id == session, cancellationToken))?.ToSession();
    }

    public async Task<IReadOnlyList<UserSession>> ListAsync(UserId user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        DateTimeOffset at = now.ToUniversalTime(), seenSince = at - UserSession.LongestIdle;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        List<SessionRow> rows = await context.Sessions.AsNoTracking()
            .Where(s => s.UserId == user && s.RevokedAt == null && s.ExpiresAt > at && s.LastSeenAt > seenSince)
            .OrderByDescending(s => s.LastSeenAt).ThenByDescending(s => s.Id)
            .ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToSession())];
    }

    public Task<bool> RevokeAsync(UserId user, SessionId session, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteRevocationAsync(DataScope.Of(user), new Change(ChangeKind.Session, session.Value), async context =>
        {
            IQueryable<SessionRow> row = context.Sessions.AsNoTracking().Where(s => s.UserId == user && s.Id == session);
            int ended = await row.Where(s => s.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(s => s.RevokedAt, at.ToUniversalTime()), cancellationToken);
            if (await row.Select(s => s.Provider).SingleOrDefaultAsync(cancellationToken) is not { } provider) return null;
            return Written.OfPerson(user, ended == 0 ? null : change.Happened(provider));
        }, cancellationToken);

    public async Task<IReadOnlyList<SessionId>> RevokeOthersAsync(UserId user, SessionId kept, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(user), cancellationToken);
        await using IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        List<EndedSession> ended = await context.Database.SqlQuery<EndedSession>(
            $"""
            UPDATE sessions SET revoked_at = {at.ToUniversalTime()}
            WHERE user_id = {user.Value} AND id <> {kept.Value} AND revoked_at IS NULL AND expires_at > {at.ToUniversalTime()}
            RETURNING id AS "Id", provider AS "Provider"
            """).ToListAsync(cancellationToken);
        await Written.OfPerson(user, ended.Select(s => change.On(s.Id).Happened(s.Provider))).SaveAsync(context, cancellationToken);
        await changes.RevokeAsync(context, ChangeKind.Session, [.. ended.Select(s => s.Id)], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. ended.Select(s => SessionId.From(s.Id))];
    }

    private sealed record EndedSession(Guid Id, string Provider);

    public async Task TouchAsync(IReadOnlyDictionary<SessionId, DateTimeOffset> lastSeen, CancellationToken cancellationToken)
    {
        if (lastSeen.Count == 0) return;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        await LastUseSql.WriteAsync(connection, "sessions", "last_seen_at", lastSeen, cancellationToken);
    }
}
