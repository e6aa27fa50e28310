using Mcpx.Core.Calls;
using Npgsql;

namespace Mcpx.Data.Calls;

/// <summary>Calls as rows of a binary COPY: the columns and their order stand here once.</summary>
internal static class CallCopy
{
    public const string CallColumns =
        "time, id, org_id, endpoint, server_id, server_slug, user_id, user_name, token_id, token_name, client_name, client_version, " +
        "era, method, tool, outcome, status, rule, reason, total_us, upstream_us, request_bytes, response_bytes, " +
        "gateway_id, gateway_slug, upstream_tool";

    public const string PayloadColumns = "time, id, org_id, request, response, truncated";

    private const short CallColumnCount = 26;
    private const short PayloadColumnCount = 6;

    public static bool HasPayload(CallRecord call) => call.Request is not null || call.Response is not null || call.Truncated;

    public static Task CopyCallsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken) =>
        CopyAsync(connection, $"COPY {table} ({CallColumns}) FROM STDIN (FORMAT BINARY)", calls, WriteCall, cancellationToken);

    public static Task CopyPayloadsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken) =>
        CopyAsync(connection, $"COPY {table} ({PayloadColumns}) FROM STDIN (FORMAT BINARY)", calls, WritePayload, cancellationToken);

    private static async Task CopyAsync(
        NpgsqlConnection connection, string sql, IEnumerable<CallRecord> calls, Action<BinaryRows, CallRecord> write, CancellationToken cancellationToken)
    {
        // Disposing finishes the COPY; should a row fail before that, the transaction around it is rolled back.
        await using NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        using BinaryRows rows = new(copy);
        rows.Begin();
        foreach (CallRecord call in calls)
        {
            write(rows, call);
            await rows.RowEndAsync(cancellationToken);
        }

        await rows.EndAsync(cancellationToken);
    }

    private static void WriteCall(BinaryRows rows, CallRecord call)
    {
        rows.Row(CallColumnCount);
        rows.Timestamp(call.Time);
        rows.Uuid(call.Id.Value);
        rows.Uuid(call.Organization.Value);
        rows.Text(call.Endpoint);
        rows.Uuid(call.Server?.Value);
        rows.Text(call.ServerSlug);
        rows.Uuid(call.User?.Value);
        rows.Text(call.UserName);
        rows.Uuid(call.Token?.Value);
        rows.Text(call.TokenName);
        rows.Text(call.ClientName);
        rows.Text(call.ClientVersion);
        rows.Int16((short)call.Era);
        rows.Text(call.Method);
        rows.Text(call.Tool);
        rows.Int16((short)call.Outcome);
        rows.Int32(call.Status);
        rows.Text(call.Rule);
        rows.Text(call.Reason);
        rows.Int64(call.TotalMicroseconds);
        rows.Int64(call.UpstreamMicroseconds);
        rows.Int32(call.RequestBytes);
        rows.Int64(call.ResponseBytes);
        rows.Uuid(call.Gateway?.Value);
        rows.Text(call.GatewaySlug);
        rows.Text(call.UpstreamTool);
    }

    private static void WritePayload(BinaryRows rows, CallRecord call)
    {
        rows.Row(PayloadColumnCount);
        rows.Timestamp(call.Time);
        rows.Uuid(call.Id.Value);
        rows.Uuid(call.Organization.Value);
        rows.Bytes(call.Request);
        rows.Bytes(call.Response);
        rows.Boolean(call.Truncated);
    }
}
