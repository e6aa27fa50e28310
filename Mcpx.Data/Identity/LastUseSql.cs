using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Identity;

/// <summary>One statement that writes when many things of one kind were last used.</summary>
internal static class LastUseSql
{
    /// <param name="table">Ours, like <paramref name="column"/>, never from outside. An older use does not replace a newer one.</param>
    public static async Task WriteAsync<TId>(
        NpgsqlConnection connection, string table, string column, IReadOnlyDictionary<TId, DateTimeOffset> uses, CancellationToken cancellationToken)
        where TId : struct, IEntityId<TId>
    {
        // Locked in the order of their ids: two replicas that write the same ones wait for each other, but never in a ring.
        string sql = $"""
            WITH used AS (SELECT * FROM unnest($1, $2) AS u (id, at)),
                 locked AS (SELECT t.id, u.at FROM {table} t JOIN used u USING (id)
                            WHERE t.{column} IS NULL OR t.{column} < u.at ORDER BY t.id FOR NO KEY UPDATE OF t)
            UPDATE {table} t SET {column} = l.at FROM locked l WHERE t.id = l.id
            """;
        await using NpgsqlCommand command = new(sql, connection);
        command.Parameters.Add(new() { Value = uses.Keys.Select(id => id.Value).ToArray() });
        command.Parameters.Add(new()
        {
            Value = uses.Values.Select(at => at.UtcDateTime).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
