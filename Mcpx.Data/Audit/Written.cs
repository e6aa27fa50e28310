using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Audit;

/// <summary>
/// What a write did, for the audit log. A write returns one before its transaction commits, so it can't be forgotten; it
/// returns null when there was nothing to change.
/// </summary>
internal sealed class Written
{
    private readonly IReadOnlyList<AdminEntry> _entries;
    private readonly UserId? _person;

    private Written(IReadOnlyList<AdminEntry> entries, UserId? person = null) => (_entries, _person) = (entries, person);

    /// <param name="entry">Null when it made no difference: somebody saved what was there already.</param>
    public static Written As(AdminEntry? entry) => new(entry is null ? [] : [entry]);

    public static Written As(IEnumerable<AdminEntry?> entries) => new([.. entries.OfType<AdminEntry>()]);

    /// <summary>
    /// Something of a person's own, which is noted in each of their organisations; in the installation's log when they have
    /// none. Their name is the one in the database.
    /// </summary>
    public static Written OfPerson(UserId person, params IEnumerable<AdminEntry?> entries) => new([.. entries.OfType<AdminEntry>()], person);

    /// <summary>Writes the entries as part of the open transaction.</summary>
    public async Task SaveAsync(McpxDbContext context, CancellationToken cancellationToken)
    {
        // On its own it could be there without its change.
        if (context.Database.CurrentTransaction is null) throw new InvalidOperationException("An audit entry is written in the transaction of its change.");
        if (_person is { } person)
        {
            foreach (AdminEntry entry in _entries)
                await SaveForAsync(context, person, AdminEntryRow.From(entry), cancellationToken);
            return;
        }

        if (_entries.Count == 0) return;
        context.AdminEntries.AddRange(_entries.Select(AdminEntryRow.From));
        await context.SaveChangesAsync(cancellationToken);
    }

    /// <summary>
    /// One statement, so that the memberships are those that row-level security looks at. It also makes the ids: UUIDv7 out
    /// of the entry's milliseconds and random bits (RFC 9562, section 5.7).
    /// </summary>
    private static Task<int> SaveForAsync(McpxDbContext context, UserId person, AdminEntryRow e, CancellationToken cancellationToken)
    {
        long milliseconds = e.Time.ToUnixTimeMilliseconds();
        short actorKind = (short)e.ActorKind, credentialKind = (short)e.CredentialKind;
        return context.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO admin_entries (id, org_id, time, actor_kind, actor_id, actor_name, credential_kind, credential_id, credential_name,
                address, user_agent, action, subject_kind, subject_id, subject_name, before, after)
            SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send({milliseconds}) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
                o.org_id, {e.Time}, {actorKind}, {person.Value}, u.name, {credentialKind}, {e.CredentialId}::uuid, {e.CredentialName}::text,
                {e.Address}::text, {e.UserAgent}::text, {e.Action}, {e.SubjectKind}, {e.SubjectId}::uuid, {e.SubjectName}, {e.Before}::json, {e.After}::json
            FROM users u CROSS JOIN (
                SELECT m.org_id FROM members m WHERE m.user_id = {person.Value}
                UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = {person.Value})) AS o (org_id)
            WHERE u.id = {person.Value}
            """, cancellationToken);
    }
}
