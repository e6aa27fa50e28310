using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit.Chain;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

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
        AdminEntryRow[] rows = [.. _entries.Select(AdminEntryRow.From)];
        context.AdminEntries.AddRange(rows);
        await context.SaveChangesAsync(cancellationToken);
        context.Unlinked.AddRange(NewLink.Of(rows));
    }

    /// <summary>
    /// One statement, so that the memberships are those that row-level security looks at. It also makes the ids: UUIDv7 out
    /// of the entry's milliseconds and random bits (RFC 9562, section 5.7). It says what it has made for the chain, which may
    /// not read it: RETURNING would, and a person's scope shows no entry.
    /// </summary>
    private static async Task SaveForAsync(McpxDbContext context, UserId person, AdminEntryRow e, CancellationToken cancellationToken)
    {
        const string Sql = """
            WITH made AS MATERIALIZED (
                SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send($1) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid AS id, o.org_id, u.name
                FROM users u CROSS JOIN (
                    SELECT m.org_id FROM members m WHERE m.user_id = $2
                    UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = $2)) AS o (org_id)
                WHERE u.id = $2),
            noted AS (
                INSERT INTO admin_entries (id, org_id, time, actor_kind, actor_id, actor_name, credential_kind, credential_id, credential_name,
                    address, user_agent, action, subject_kind, subject_id, subject_name, before, after)
                SELECT id, org_id, $3, $4, $2, name, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM made)
            SELECT id, org_id, name FROM made
            """;
        await using NpgsqlCommand command = new(Sql, (NpgsqlConnection)context.Database.GetDbConnection());
        Add(NpgsqlDbType.Bigint, e.Time.ToUnixTimeMilliseconds());
        Add(NpgsqlDbType.Uuid, person.Value);
        Add(NpgsqlDbType.TimestampTz, e.Time.UtcDateTime);
        Add(NpgsqlDbType.Smallint, (short)e.ActorKind);
        Add(NpgsqlDbType.Smallint, (short)e.CredentialKind);
        Add(NpgsqlDbType.Uuid, e.CredentialId);
        foreach (string? text in (string?[])[e.CredentialName, e.Address, e.UserAgent, e.Action, e.SubjectKind]) Add(NpgsqlDbType.Text, text);
        Add(NpgsqlDbType.Uuid, e.SubjectId);
        Add(NpgsqlDbType.Text, e.SubjectName);
        Add(NpgsqlDbType.Json, e.Before);
        Add(NpgsqlDbType.Json, e.After);
        List<AdminEntryRow> made = [];
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            made.Add(e.For(person, AdminEntryId.From(row.GetGuid(0)), row.IsDBNull(1) ? null : OrganizationId.From(row.GetGuid(1)), row.GetString(2)));
        context.Unlinked.AddRange(NewLink.Of(made));

        void Add(NpgsqlDbType type, object? value) => command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
    }
}
