using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Metrics;
using Mcpx.Data.Redaction;
using Npgsql;

namespace Mcpx.Data.Calls;

/// <summary>Calls as rows of a binary COPY: the columns and their order stand here once.</summary>
internal static class CallCopy
{
    public const string CallColumns =
        "time, id, org_id, endpoint, server_id, server_slug, user_id, user_name, token_id, token_name, client_name, client_version, " +
        "era, method, tool, outcome, status, rule, reason, total_us, upstream_us, request_bytes, response_bytes, " +
        "gateway_id, gateway_slug, upstream_tool, service_account_id, service_account_name, would_rule, first_byte_us, trace_id, first_round";

    /// <summary>What is written; the words are searched and never read.</summary>
    public const string WrittenColumns = CallColumns + ", words";

    public const string PayloadColumns = "time, id, org_id, request, response, truncated, payloads, request_digest, response_digest, redactions";

    private const string EventColumns =
        "time, org_id, server_id, gateway_id, caller_id, method, tool, outcome, request_bytes, response_bytes, " +
        "total_us, upstream_us, gateway_us, total_bucket, upstream_bucket, gateway_bucket";

    private const short CallColumnCount = 33;
    private const short PayloadColumnCount = 10;
    private const short EventColumnCount = 16;

    public static bool HasPayload(CallRecord call) =>
        call.Request is not null || call.Response is not null || call.Truncated || call.RequestDigest is not null || call.ResponseDigest is not null || call.Redactions.Count > 0;

    public static Task CopyCallsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken)
    {
        WordBag words = new();
        return CopyAsync(connection, $"COPY {table} ({WrittenColumns}) FROM STDIN (FORMAT BINARY)", calls, (rows, call) => WriteCall(rows, call, words), cancellationToken);
    }

    public static Task CopyPayloadsAsync(NpgsqlConnection connection, string table, IEnumerable<CallRecord> calls, CancellationToken cancellationToken) =>
        CopyAsync(connection, $"COPY {table} ({PayloadColumns}) FROM STDIN (FORMAT BINARY)", calls, (rows, call) => WritePayload(rows, call, call.Request, call.Response), cancellationToken);

    public static Task CopyEventsAsync(NpgsqlConnection connection, IEnumerable<MetricEvent> events, CancellationToken cancellationToken) =>
        CopyAsync(connection, $"COPY metric_events ({EventColumns}) FROM STDIN (FORMAT BINARY)", events, WriteEvent, cancellationToken);

    private static async Task CopyAsync<T>(
        NpgsqlConnection connection, string sql, IEnumerable<T> items, Action<BinaryRows, T> write, CancellationToken cancellationToken)
    {
        await using NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        using BinaryRows rows = new(copy);
        try
        {
            rows.Begin();
            foreach (T item in items)
            {
                write(rows, item);
                await rows.RowEndAsync(cancellationToken);
            }

            await rows.EndAsync(cancellationToken);
        }
        catch (Exception e) when (e is not (NpgsqlException or OperationCanceledException))
        {
            // Disposing alone would end the COPY in the middle of a row, and the database's complaint of that would hide why.
            await copy.CancelAsync();
            throw;
        }
    }

    private static void WriteCall(BinaryRows rows, CallRecord call, WordBag words)
    {
        WriteRecord(rows, call);
        words.Clear();
        if (call.Stage is not RecordStage.Intent) CallLexemes.Collect(call, words);
        rows.Words(words);
    }

    /// <summary>What a record says, and what the chain hashes: words can be found anew from its payloads.</summary>
    internal static void WriteRecord(BinaryRows rows, CallRecord call)
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
        rows.Uuid(call.ServiceAccount?.Value);
        rows.Text(call.ServiceAccountName);
        rows.Text(call.WouldRule);
        rows.Int64(call.FirstByteMicroseconds);
        rows.Text(call.TraceId);
        rows.Uuid(call.FirstRound?.Value);
    }

    /// <param name="request">The bytes, or their hash.</param>
    internal static void WritePayload(BinaryRows rows, CallRecord call, ReadOnlyMemory<byte>? request, ReadOnlyMemory<byte>? response)
    {
        rows.Row(PayloadColumnCount);
        rows.Timestamp(call.Time);
        rows.Uuid(call.Id.Value);
        rows.Uuid(call.Organization.Value);
        rows.Bytes(request);
        rows.Bytes(response);
        rows.Boolean(call.Truncated);
        rows.Int16((short?)call.Payloads);
        rows.Bytes(call.RequestDigest);
        rows.Bytes(call.ResponseDigest);
        rows.Json(RuleJson.Write(call.Redactions));
    }

    private static void WriteEvent(BinaryRows rows, MetricEvent call)
    {
        rows.Row(EventColumnCount);
        rows.Timestamp(call.Time);
        rows.Uuid(call.Organization.Value);
        rows.Uuid(call.Server.Value);
        rows.Uuid(call.Gateway.Value);
        rows.Uuid(call.Caller);
        rows.Text(call.Method);
        rows.Text(call.Tool);
        rows.Int16((short)call.Outcome);
        rows.Int32(call.RequestBytes);
        rows.Int64(call.ResponseBytes);
        rows.Int64(call.TotalMicroseconds);
        rows.Int64(call.UpstreamMicroseconds);
        rows.Int64(call.GatewayMicroseconds);
        rows.Int16(call.IsTimed ? LatencyBuckets.Of(call.TotalMicroseconds) : null);
        rows.Int16(call.IsTimed && call.UpstreamMicroseconds > 0 ? LatencyBuckets.Of(call.UpstreamMicroseconds) : null);
        rows.Int16(call.IsTimed ? LatencyBuckets.Of(call.GatewayMicroseconds) : null);
    }
}
