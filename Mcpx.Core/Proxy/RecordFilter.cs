using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Health;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Outermost: whatever happens inside, one record comes of it, and it is durable before the answer's last byte leaves.
/// Refusals of the other filters are sent from here, after they were recorded.
/// </summary>
public sealed partial class RecordFilter(
    CallJournal journal, RecordMaker maker, GlobalLimit limit, GatewayMetrics metrics, CallTracing tracing, TimeProvider time, ILogger<RecordFilter> logger) : IProxyFilter
{
    /// <summary>How long an answer waits for the database in an organisation that demands it.</summary>
    private static readonly TimeSpan StrictPatience = TimeSpan.FromSeconds(5);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        context.Arrived = (time.GetUtcNow(), time.GetTimestamp());
        context.Id = CallId.From(Guid.CreateVersion7(context.Arrived.Time));
        bool isInside = false;
        Settlement settlement = new(this, context);
        context.Progress.Settle = settlement.SettleAsync;

        try
        {
            // First, and the only answer without a record: there is no room for one, and a stranger must not take more of it.
            if (!journal.CanAdmit) RefuseUnrecorded(context, settlement);
            else if (context.Barred is { } barred) context.Refuse(CallOutcome.Denied, barred, barred.Message, barred.Status == 405 ? [Allow] : []);
            else if (isInside = limit.TryEnter(context.IsStanding)) await next(context);
            else RefuseBusy(context);
        }
        catch (Exception e) when (context.ClientGone.IsCancellationRequested && e is OperationCanceledException or IOException or HttpRequestException)
        {
            Fail(context, CallOutcome.ClientAborted, "The client went away.");
            context.Progress.Status = 0;
        }
        catch (Exception) when (settlement.HasFailed)
        {
            // Whatever became of that on its way out, the end below knows.
        }
        catch (Exception e)
        {
            LogFailed(logger, e, context.Endpoint.Path);
            if (context.Response.HasStarted) Fail(context, CallOutcome.UpstreamError, "The gateway failed while the answer was under way.");
            else context.Refuse(CallOutcome.UpstreamError, ProxyErrors.Internal, "The gateway failed.");
        }
        finally
        {
            if (isInside) limit.Leave(context.IsStanding);
        }

        try
        {
            // The record is made first, and it does not take the client's token: a hang-up must not undo it.
            if (context.Refusal is { } refusal && !context.Response.HasStarted && !settlement.HasFailed) await SendAsync(context, refusal);
            else await context.Progress.Settle();
        }
        catch (JournalException e)
        {
            // What is not on record is not answered. Where no server has seen the call, that itself can be said.
            LogNotRecorded(logger, context.Endpoint.Path, e.Message);
            if (context.Refusal is null || context.Progress.UpstreamStarted != 0 || context.Response.HasStarted) context.Response.Abort();
            else await WriteAsync(context, ProxyErrors.Overloaded.ToJson(context.RequestId.Span), ProxyErrors.Overloaded.Status, [RetryAfter]);
        }
        finally
        {
            context.Progress.Response.Dispose();
        }
    }

    private ValueTask RecordAsync(ProxyContext context)
    {
        CallRecord record = maker.Make(context);
        return context.Trace is null ? KeepAsync(context, record) : KeepTracedAsync(context, record);
    }

    private ValueTask KeepAsync(ProxyContext context, CallRecord record) => context.IsStrict ? RecordStrictlyAsync(record) : journal.AppendAsync(record);

    private async ValueTask KeepTracedAsync(ProxyContext context, CallRecord record)
    {
        tracing.Describe(context, record);
        using Activity? span = tracing.BeginStage(context, "record");
        await KeepAsync(context, record);
    }

    private async ValueTask RecordStrictlyAsync(CallRecord record)
    {
        await journal.AppendAsync(record);
        await journal.DemandStoredAsync(StrictPatience);
    }

    private static void RefuseBusy(ProxyContext context)
    {
        context.Cause = CallCauses.Busy;
        context.Refuse(CallOutcome.RateLimited, ProxyErrors.TooManyCalls, "As many calls as this replica takes are under way.", ProxyErrors.RetryAfter(GlobalLimit.RetryAfter));
    }

    private void RefuseUnrecorded(ProxyContext context, Settlement settlement)
    {
        metrics.CallUnrecorded();
        settlement.Skip();
        context.Refuse(CallOutcome.RateLimited, ProxyErrors.Overloaded, "The call could not have been recorded.", RetryAfter);
    }

    private static KeyValuePair<string, string> Allow { get; } = new("Allow", "POST");

    internal static KeyValuePair<string, string> RetryAfter { get; } = new("Retry-After", "5");

    private static void Fail(ProxyContext context, CallOutcome outcome, string reason)
    {
        context.Progress.Outcome = outcome;
        context.Progress.Reason = reason;
        if (context.Response.HasStarted) context.Response.Abort();
    }

    private static async ValueTask SendAsync(ProxyContext context, Refusal refusal)
    {
        byte[] body = refusal.Error.ToJson(context.RequestId.Span);
        context.Progress.Status = refusal.Status;
        context.Progress.ResponseBytes = body.Length;
        context.Progress.Response.Add(body);
        await context.Progress.Settle!();
        await WriteAsync(context, body, refusal.Status, refusal.Headers);
    }

    private static async ValueTask WriteAsync(ProxyContext context, byte[] body, int status, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        context.Response.Start(status, "application/json", body.Length, headers);
        try
        {
            await context.Response.WriteAsync(body, context.ClientGone);
        }
        catch (OperationCanceledException) when (context.ClientGone.IsCancellationRequested)
        {
            // Recorded as what it was: a refusal. That nobody waited for it changes nothing.
        }
    }

    /// <summary>Makes the record once; whoever asks again gets the same end.</summary>
    private sealed class Settlement(RecordFilter filter, ProxyContext context)
    {
        private Task? _appended;

        /// <summary>True when the record could not be kept.</summary>
        public bool HasFailed => _appended is { IsFaulted: true };

        public ValueTask SettleAsync() => new(_appended ??= filter.RecordAsync(context).AsTask());

        /// <summary>There will be none.</summary>
        public void Skip() => _appended = Task.CompletedTask;
    }

    [LoggerMessage(1102, LogLevel.Error, "A call to {Endpoint} was broken off, since its record could not be kept: {Reason}")]
    private static partial void LogNotRecorded(ILogger logger, string endpoint, string reason);

    [LoggerMessage(1101, LogLevel.Error, "A call to {Endpoint} failed inside the gateway.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string endpoint);
}
