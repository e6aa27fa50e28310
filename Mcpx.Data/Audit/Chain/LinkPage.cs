using System.Runtime.InteropServices;
using Mcpx.Core.Primitives;
using Npgsql;

namespace Mcpx.Data.Audit.Chain;

/// <summary>Some links in a row, by those that stand and not by their numbers: some may have been removed, or written far apart.</summary>
/// <param name="Last">The number of the last one.</param>
/// <param name="From">The oldest time of their records.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LinkPage(long Last, long Count, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Null when no link stands there.</summary>
    public static async Task<LinkPage?> FindAsync(NpgsqlConnection connection, OrganizationId organization, long first, long last, int most, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT max(seq), count(*), min(time), max(time) FROM (SELECT seq, time FROM audit_links WHERE org_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4) page";
        // In the index's order, also where PostgreSQL has no statistics yet and would read all that follows to sort it.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (NpgsqlCommand ordered = new("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off", connection)) await ordered.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        foreach (object value in (object[])[organization.Value, first, last, most]) command.Parameters.Add(new() { Value = value });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return row.IsDBNull(0) ? null : new LinkPage(row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2), row.GetFieldValue<DateTimeOffset>(3));
    }
}
