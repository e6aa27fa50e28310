using System.Security.Cryptography;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Audit.Chain;

/// <summary>
/// Adds links to chains, as the last thing that a transaction does: whoever holds the lock of a chain then waits for nothing
/// but other chains', which all take in one order, and for the commit.
/// </summary>
internal sealed class ChainWriter(AuditKeys keys)
{
    private const string Insert = """
        INSERT INTO audit_links (org_id, seq, kind, version, record_id, time, payload_hash, leaf, link, seal)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    /// <summary>Within the open transaction of <paramref name="connection"/>.</summary>
    /// <param name="records">In the order that they are to have.</param>
    public async Task AppendAsync(NpgsqlConnection connection, IReadOnlyList<NewLink> records, CancellationToken cancellationToken)
    {
        if (records.Count == 0) return;
        AuditKey key = await keys.GetAsync(cancellationToken);
        Guid[] organizations = [.. records.Select(r => r.Organization.Value).Distinct()];
        Dictionary<OrganizationId, ChainHead> heads = await LockAsync(connection, organizations, cancellationToken);

        int count = records.Count;
        long[] sequences = new long[count];
        byte[][] links = new byte[count][], sealsOf = new byte[count][];
        Dictionary<OrganizationId, IncrementalHash> seals = organizations.Select(OrganizationId.From).ToDictionary(o => o, o => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.SealKeyOf(o)));
        try
        {
            for (int i = 0; i < count; i++)
            {
                NewLink record = records[i];
                ChainHead head = heads.TryGetValue(record.Organization, out ChainHead? known) ? known : ChainHead.Empty(record.Organization);
                sequences[i] = head.Sequence + 1;
                links[i] = ChainHash.Link(head.Link, sequences[i], record.Leaf);
                sealsOf[i] = ChainHash.Seal(seals[record.Organization], links[i]);
                heads[record.Organization] = new ChainHead(sequences[i], links[i]);
            }
        }
        finally
        {
            foreach (IncrementalHash seal in seals.Values) seal.Dispose();
        }

        await using NpgsqlCommand command = new(Insert, connection);
        Add(command, NpgsqlDbType.Uuid, records.Select(r => r.Organization.Value).ToArray());
        Add(command, NpgsqlDbType.Bigint, sequences);
        Add(command, NpgsqlDbType.Smallint, records.Select(r => (short)r.Kind).ToArray());
        Add(command, NpgsqlDbType.Smallint, Enumerable.Repeat(ChainSchema.Newest, count).ToArray());
        Add(command, NpgsqlDbType.Uuid, records.Select(r => r.Record).ToArray());
        Add(command, NpgsqlDbType.TimestampTz, records.Select(r => r.Time.UtcDateTime).ToArray());
        Add(command, NpgsqlDbType.Bytea, records.Select(r => r.PayloadHash).ToArray());
        Add(command, NpgsqlDbType.Bytea, records.Select(r => r.Leaf).ToArray());
        Add(command, NpgsqlDbType.Bytea, links);
        Add(command, NpgsqlDbType.Bytea, sealsOf);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<Dictionary<OrganizationId, ChainHead>> LockAsync(NpgsqlConnection connection, Guid[] organizations, CancellationToken cancellationToken)
    {
        Dictionary<OrganizationId, ChainHead> heads = [];
        await using NpgsqlCommand command = new("SELECT head_org, head_seq, head_link FROM audit_heads($1)", connection) { Parameters = { new() { Value = organizations } } };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            heads[OrganizationId.From(reader.GetGuid(0))] = new ChainHead(reader.GetInt64(1), reader.GetFieldValue<byte[]>(2));
        return heads;
    }

    private static void Add(NpgsqlCommand command, NpgsqlDbType type, Array values) => command.Parameters.Add(new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });
}
