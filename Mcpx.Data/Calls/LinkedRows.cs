using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

/// <summary>Reads calls by their places in their organisation's chain.</summary>
internal static class LinkedRows
{
    /// <summary>Where a chain ends; behind a stub when all its links are gone.</summary>
    private const string Head = """
        coalesce((SELECT seq FROM audit_links l WHERE l.org_id = {0} ORDER BY seq DESC LIMIT 1), (SELECT max(last_seq) FROM audit_stubs t WHERE t.org_id = {0} AND t.kind = 1), 0)
        """;

    private static readonly string Columns = string.Join(", ", CallCopy.CallColumns.Split(", ").Select(c => $"(call).{c}"));

    private static readonly int Sequence = CallCopy.CallColumns.Split(',').Length + CallStore.NoPayload.Split(',').Length;

    public static async Task<long> HeadAsync(McpxDbContext context, OrganizationId organization, CancellationToken cancellationToken) =>
        await context.Database.SqlQueryRaw<long>($"SELECT {Head} AS \"Value\"", organization.Value).SingleAsync(cancellationToken);

    /// <param name="condition">See <see cref="CallFilterJson"/>.</param>
    public static async Task<List<LinkedCall>> ReadAsync(NpgsqlConnection connection, string condition, long after, long last, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"SELECT {Columns}, {CallStore.NoPayload}, seq FROM tenant_calls_linked($1, $2, $3) ORDER BY seq", connection);
        command.Parameters.Add(new() { Value = condition, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = last });
        List<LinkedCall> calls = [];
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken)) calls.Add(new LinkedCall(row.GetInt64(Sequence), CallStore.Read(row)));
        return calls;
    }
}
