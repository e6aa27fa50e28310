using System.Buffers.Binary;
using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

internal sealed class CallStore(NpgsqlDataSource dataSource, CallWriter writer) : ICallStore
{
    private static readonly TimeSpan NearId = TimeSpan.FromDays(1);

    // Behind the columns of the call, for the list too, so that one reader reads both.
    private const string NoPayload = "NULL::bytea, NULL::bytea, false";

    public Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken) => writer.WriteAsync(calls, cancellationToken);

    public async Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken)
    {
        StringBuilder sql = new($"SELECT {CallCopy.CallColumns}, {NoPayload} FROM calls WHERE org_id = $1");
        await using NpgsqlCommand command = dataSource.CreateCommand();
        command.Parameters.Add(new() { Value = organization.Value });
        if (filter.Server is { } server) Add(" AND server_id = $", server.Value);
        if (filter.Gateway is { } gateway) Add(" AND gateway_id = $", gateway.Value);
        if (filter.Method is { } method) Add(" AND method = $", PostgresText.Clean(method));
        if (filter.Tool is { } tool) Add(" AND tool = $", PostgresText.Clean(tool));
        if (filter.Outcomes is { } outcomes) Add(" AND outcome = ANY($", outcomes.Select(o => (short)o).ToArray(), ")");
        if (filter.From is { } from) Add(" AND time >= $", from.UtcDateTime);
        if (filter.To is { } to) Add(" AND time < $", to.UtcDateTime);
        if (filter.Cursor is { } text)
        {
            CallCursor cursor = CallCursor.Parse(text);
            // Said twice: only the plain comparison spares the partitions that are too new.
            Add(" AND time <= $", cursor.Time.UtcDateTime);
            Add($" AND (time, id) < (${command.Parameters.Count}, $", cursor.Id.Value, ")");
        }

        Add(" ORDER BY time DESC, id DESC LIMIT $", filter.Size + 1);
        command.CommandText = sql.ToString();
        List<CallRecord> calls = await ReadAsync(command, cancellationToken);
        if (calls.Count <= filter.Size) return new Page<CallRecord>(calls, Next: null);
        calls.RemoveRange(filter.Size, calls.Count - filter.Size);
        return new Page<CallRecord>(calls, new CallCursor(calls[^1].Time, calls[^1].Id).ToString());

        void Add(string condition, object value, string end = "")
        {
            command.Parameters.Add(new() { Value = value });
            sql.Append(condition).Append(command.Parameters.Count).Append(end);
        }
    }

    public async Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken)
    {
        // A UUIDv7 says when it was made, and so in which of the many partitions its call must be.
        if (TimeOf(id.Value) is { } made
            && await FindAsync(organization, id, made - NearId, made + NearId, cancellationToken) is { } call)
        {
            return call;
        }

        return await FindAsync(organization, id, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, cancellationToken);
    }

    private async Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        const string Sql = $"""
            SELECT c.*, p.request, p.response, coalesce(p.truncated, false)
            FROM (SELECT {CallCopy.CallColumns} FROM calls WHERE id = $1 AND org_id = $2 AND time BETWEEN $3 AND $4) c
            LEFT JOIN call_payloads p ON p.id = c.id AND p.time = c.time AND p.org_id = c.org_id
            """;
        await using NpgsqlCommand command = dataSource.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = id.Value });
        command.Parameters.Add(new() { Value = organization.Value });
        command.Parameters.Add(new() { Value = from.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = to.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return (await ReadAsync(command, cancellationToken)).FirstOrDefault();
    }

    private static DateTimeOffset? TimeOf(Guid id)
    {
        if (id.Version != 7) return null;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
        // Ids also come from addresses, where anything may stand.
        return milliseconds < DateTimeOffset.MaxValue.AddDays(-2).ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
    }

    private static async Task<List<CallRecord>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<CallRecord> calls = [];
        while (await reader.ReadAsync(cancellationToken))
            calls.Add(Read(reader));
        return calls;
    }

    private static CallRecord Read(NpgsqlDataReader row) => new()
    {
        Time = row.GetFieldValue<DateTimeOffset>(0),
        Id = CallId.From(row.GetGuid(1)),
        Organization = OrganizationId.From(row.GetGuid(2)),
        Endpoint = row.GetString(3),
        Server = Id(row, 4) is { } server ? ServerId.From(server) : null,
        ServerSlug = Text(row, 5),
        User = Id(row, 6) is { } user ? UserId.From(user) : null,
        UserName = Text(row, 7),
        Token = Id(row, 8) is { } token ? TokenId.From(token) : null,
        TokenName = Text(row, 9),
        ClientName = Text(row, 10),
        ClientVersion = Text(row, 11),
        Era = (ProtocolEra)row.GetInt16(12),
        Method = Text(row, 13),
        Tool = Text(row, 14),
        Outcome = (CallOutcome)row.GetInt16(15),
        Status = row.GetInt32(16),
        Rule = Text(row, 17),
        Reason = Text(row, 18),
        TotalMicroseconds = row.GetInt64(19),
        UpstreamMicroseconds = row.GetInt64(20),
        RequestBytes = row.GetInt32(21),
        ResponseBytes = row.GetInt64(22),
        Gateway = Id(row, 23) is { } gateway ? GatewayId.From(gateway) : null,
        GatewaySlug = Text(row, 24),
        UpstreamTool = Text(row, 25),
        Request = Bytes(row, 26),
        Response = Bytes(row, 27),
        Truncated = row.GetBoolean(28),
    };

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static Guid? Id(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);
}
