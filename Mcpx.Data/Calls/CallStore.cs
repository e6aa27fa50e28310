using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Data.Redaction;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

internal sealed class CallStore(ScopedContexts contexts, CallWriter writer, CallRedactor redactor, InterruptedCalls interrupted) : ICallStore
{
    private static readonly TimeSpan NearId = TimeSpan.FromDays(1);

    /// <summary>A count is a hint beside the page: it is not worth a longer wait.</summary>
    private const int CountPatienceSeconds = 2;

    /// <summary>Calls whose payloads are in memory at once.</summary>
    private const int ReplayPage = 200;

    // Behind the columns of the call, for the list too, so that one reader reads both.
    internal const string NoPayload = "NULL::bytea, NULL::bytea, false, NULL::smallint, NULL::bytea, NULL::bytea, NULL::text";

    /// <summary>Redacts here, where every record passes, and not where somebody might forget to.</summary>
    public async Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken) =>
        await writer.WriteAsync(await redactor.RedactAsync(calls, cancellationToken), cancellationToken);

    public Task<int> EndInterruptedAsync(DateTimeOffset before, CancellationToken cancellationToken) => interrupted.EndAsync(before, cancellationToken);

    public async Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken)
    {
        const string Sql = $"SELECT {CallCopy.CallColumns}, {NoPayload} FROM tenant_calls_page($1, $2)";
        string condition = CallFilterJson.Of(organization, filter);
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        command.Parameters.Add(new() { Value = condition, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = filter.Size + 1 });
        List<CallRecord> calls = await ReadAsync(command, cancellationToken);
        if (calls.Count <= filter.Size) return new Page<CallRecord>(calls, Next: null);
        calls.RemoveRange(filter.Size, calls.Count - filter.Size);
        return new Page<CallRecord>(calls, new TimeCursor(calls[^1].Time, calls[^1].Id.Value).ToString());
    }

    public async Task<CallCount> CountAsync(OrganizationId organization, CallFilter filter, int most, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new("SELECT tenant_calls_count($1, $2)", connection) { CommandTimeout = CountPatienceSeconds };
        command.Parameters.Add(new() { Value = CallFilterJson.Of(organization, filter), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = most + 1 });
        try
        {
            int found = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
            return found > most ? new CallCount(most, IsWhole: false) : new CallCount(found, IsWhole: true);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            return new CallCount(Found: null, IsWhole: false);
        }
    }

    public async Task<IReadOnlyList<CallRecord>> ReadPayloadsAsync(OrganizationId organization, IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken)
    {
        if (calls.Count == 0) return calls;
        const string Sql = "SELECT id, request, response, truncated, payloads, request_digest, response_digest, redactions FROM tenant_payloads($1, $2, $3)";
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        command.Parameters.Add(new() { Value = calls.Select(c => c.Id.Value).ToArray() });
        command.Parameters.Add(new() { Value = calls.Min(c => c.Time).UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = calls.Max(c => c.Time).UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        Dictionary<Guid, CallRecord> found = calls.ToDictionary(c => c.Id.Value);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            Guid id = row.GetGuid(0);
            found[id] = WithPayloads(found[id], row, 1);
        }

        return [.. calls.Select(c => found[c.Id.Value])];
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

    public async IAsyncEnumerable<RecordedCall> ReadToolCallsAsync(
        OrganizationId organization, ServerId server, DateTimeOffset from, int most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        DateTimeOffset? before = null;
        Guid? beforeId = null;
        // In pages: fifty thousand payloads at once would be gigabytes.
        for (int left = most, found = ReplayPage; left > 0 && found == ReplayPage; left -= found)
        {
            found = 0;
            await using NpgsqlCommand command = new("SELECT * FROM tenant_tool_calls($1, $2, $3, $4, $5)", connection);
            command.Parameters.Add(new() { Value = server.Value });
            command.Parameters.Add(new() { Value = from.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
            command.Parameters.Add(new() { Value = (object?)before?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
            command.Parameters.Add(new() { Value = (object?)beforeId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
            command.Parameters.Add(new() { Value = Math.Min(left, ReplayPage) });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
            {
                found++;
                (before, beforeId) = (row.GetFieldValue<DateTimeOffset>(0), row.GetGuid(1));
                yield return new RecordedCall(before.Value, Id(row, 2) is { } user ? UserId.From(user) : null, Id(row, 3) is { } account ? ServiceAccountId.From(account) : null,
                    Id(row, 4) is { } token ? TokenId.From(token) : null, Text(row, 5) ?? "", row.GetString(6), (CallOutcome)row.GetInt16(7) is CallOutcome.Denied, Bytes(row, 8), row.GetBoolean(9), row.GetBoolean(10));
            }
        }
    }

    private async Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        const string Sql = $"""
            SELECT c.*, p.request, p.response, coalesce(p.truncated, false), p.payloads, p.request_digest, p.response_digest, p.redactions
            FROM (SELECT {CallCopy.CallColumns} FROM tenant_calls WHERE id = $1 AND org_id = $2 AND time BETWEEN $3 AND $4) c
            LEFT JOIN tenant_call_payloads p ON p.id = c.id AND p.time = c.time AND p.org_id = c.org_id
            """;
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Of(organization), cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
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

    /// <summary>Reads rows of <see cref="CallCopy.CallColumns"/>, request, response and whether they were cut off.</summary>
    internal static async Task<List<CallRecord>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<CallRecord> calls = [];
        while (await reader.ReadAsync(cancellationToken))
            calls.Add(Read(reader));
        return calls;
    }

    /// <summary>Of <see cref="CallCopy.CallColumns"/> and <see cref="NoPayload"/>, or what stands in its place.</summary>
    internal static CallRecord Read(NpgsqlDataReader row) => WithPayloads(new CallRecord
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
        ServiceAccount = Id(row, 26) is { } account ? ServiceAccountId.From(account) : null,
        ServiceAccountName = Text(row, 27),
        WouldRule = Text(row, 28),
        FirstByteMicroseconds = row.IsDBNull(29) ? 0 : row.GetInt64(29),
        TraceId = Text(row, 30),
        FirstRound = Id(row, 31) is { } first ? CallId.From(first) : null,
    }, row, 32);

    /// <param name="at">Where the payloads' columns begin.</param>
    private static CallRecord WithPayloads(CallRecord call, NpgsqlDataReader row, int at) => call with
    {
        Request = Payload(row, at),
        Response = Payload(row, at + 1),
        Truncated = row.GetBoolean(at + 2),
        Payloads = row.IsDBNull(at + 3) ? null : (PayloadMode)row.GetInt16(at + 3),
        RequestDigest = Bytes(row, at + 4),
        ResponseDigest = Bytes(row, at + 5),
        Redactions = RuleJson.ReadFindings(Text(row, at + 6)),
    };

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static Guid? Id(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);

    // The type is named: see CallRecord.
    private static ReadOnlyMemory<byte>? Payload(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : (ReadOnlyMemory<byte>?)row.GetFieldValue<byte[]>(column);

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);
}
