using Mcpx.Core.Calls;
using Npgsql;
using NpgsqlTypes;

namespace Mcpx.Data.Calls;

/// <summary>Calls as rows of a binary COPY: the columns and their order stand here once.</summary>
internal static class CallCopy
{
    public const string CallColumns =
        "time, id, org_id, endpoint, server_id, server_slug, user_id, user_name, token_id, token_name, client_name, client_version, " +
        "era, method, tool, outcome, status, rule, reason, total_us, upstream_us, request_bytes, response_bytes";

    public const string PayloadColumns = "time, id, org_id, request, response, truncated";

    // A batch of 8 MiB on a slow disk; the ordinary limit would fail the same batch again and again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static bool HasPayload(CallRecord call) => call.Request is not null || call.Response is not null || call.Truncated;

    public static async Task CopyCallsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken)
    {
        await using NpgsqlBinaryImporter copy = await connection.BeginBinaryImportAsync($"COPY {table} ({CallColumns}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        copy.Timeout = Patience;
        foreach (CallRecord call in calls)
            await WriteAsync(copy, call, cancellationToken);
        await copy.CompleteAsync(cancellationToken);
    }

    public static async Task CopyPayloadsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken)
    {
        await using NpgsqlBinaryImporter copy = await connection.BeginBinaryImportAsync($"COPY {table} ({PayloadColumns}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        copy.Timeout = Patience;
        foreach (CallRecord call in calls)
        {
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(call.Time.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
            await copy.WriteAsync(call.Id.Value, NpgsqlDbType.Uuid, cancellationToken);
            await copy.WriteAsync(call.Organization.Value, NpgsqlDbType.Uuid, cancellationToken);
            await BytesAsync(copy, call.Request, cancellationToken);
            await BytesAsync(copy, call.Response, cancellationToken);
            await copy.WriteAsync(call.Truncated, NpgsqlDbType.Boolean, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter copy, CallRecord call, CancellationToken cancellationToken)
    {
        await copy.StartRowAsync(cancellationToken);
        await copy.WriteAsync(call.Time.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
        await copy.WriteAsync(call.Id.Value, NpgsqlDbType.Uuid, cancellationToken);
        await copy.WriteAsync(call.Organization.Value, NpgsqlDbType.Uuid, cancellationToken);
        await TextAsync(copy, call.Endpoint, cancellationToken);
        await IdAsync(copy, call.Server?.Value, cancellationToken);
        await TextAsync(copy, call.ServerSlug, cancellationToken);
        await IdAsync(copy, call.User?.Value, cancellationToken);
        await TextAsync(copy, call.UserName, cancellationToken);
        await IdAsync(copy, call.Token?.Value, cancellationToken);
        await TextAsync(copy, call.TokenName, cancellationToken);
        await TextAsync(copy, call.ClientName, cancellationToken);
        await TextAsync(copy, call.ClientVersion, cancellationToken);
        await copy.WriteAsync((short)call.Era, NpgsqlDbType.Smallint, cancellationToken);
        await TextAsync(copy, call.Method, cancellationToken);
        await TextAsync(copy, call.Tool, cancellationToken);
        await copy.WriteAsync((short)call.Outcome, NpgsqlDbType.Smallint, cancellationToken);
        await copy.WriteAsync(call.Status, NpgsqlDbType.Integer, cancellationToken);
        await TextAsync(copy, call.Rule, cancellationToken);
        await TextAsync(copy, call.Reason, cancellationToken);
        await copy.WriteAsync(call.TotalMicroseconds, NpgsqlDbType.Bigint, cancellationToken);
        await copy.WriteAsync(call.UpstreamMicroseconds, NpgsqlDbType.Bigint, cancellationToken);
        await copy.WriteAsync(call.RequestBytes, NpgsqlDbType.Integer, cancellationToken);
        await copy.WriteAsync(call.ResponseBytes, NpgsqlDbType.Bigint, cancellationToken);
    }

    private static Task TextAsync(NpgsqlBinaryImporter copy, string? value, CancellationToken cancellationToken) => value is null
        ? copy.WriteNullAsync(cancellationToken)
        : copy.WriteAsync(PostgresText.Clean(value), NpgsqlDbType.Text, cancellationToken);

    private static Task IdAsync(NpgsqlBinaryImporter copy, Guid? value, CancellationToken cancellationToken) => value is { } id
        ? copy.WriteAsync(id, NpgsqlDbType.Uuid, cancellationToken)
        : copy.WriteNullAsync(cancellationToken);

    private static Task BytesAsync(NpgsqlBinaryImporter copy, byte[]? value, CancellationToken cancellationToken) => value is null
        ? copy.WriteNullAsync(cancellationToken)
        : copy.WriteAsync(value, NpgsqlDbType.Bytea, cancellationToken);
}
