using Mcpx.Core.Calls;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Outermost: whatever happens inside, one record comes of it, and it is durable before the answer's last byte leaves.
/// Refusals of the other filters are sent from here, after they were recorded.
/// </summary>
public sealed partial class RecordFilter(CallJournal journal, GlobalLimit limit, TimeProvider time, ILogger<RecordFilter> logger) : IProxyFilter
{
    private const int LongestText = 256;
    private const int LongestReason = 1000;

    public async ValueTask InvokeAsync(ProxyContext context, ProxyStep next)
    {
        long started = time.GetTimestamp();
        DateTimeOffset arrived = time.GetUtcNow();
        bool settled = false;
        bool isInside = false;
        context.Progress.Settle = () =>
        {
            if (settled) return ValueTask.CompletedTask;
            settled = true;
            return journal.AppendAsync(ToRecord(context, arrived, started));
        };

        try
        {
            if (context.Barred is { } barred) context.Refuse(CallOutcome.Denied, barred, barred.Message, barred.Status == 405 ? [Allow] : []);
            else if (!journal.CanAdmit) context.Refuse(CallOutcome.RateLimited, ProxyErrors.Overloaded, "The call could not have been recorded.", RetryAfter);
            else if (isInside = limit.TryEnter(context.IsStanding)) await next(context);
            else context.Refuse(CallOutcome.RateLimited, ProxyErrors.TooManyCalls, "As many calls as this replica takes are under way.", ProxyErrors.RetryAfter(GlobalLimit.RetryAfter));
        }
        catch (Exception e) when (context.ClientGone.IsCancellationRequested && e is OperationCanceledException or IOException or HttpRequestException)
        {
            Fail(context, CallOutcome.ClientAborted, "The client went away.");
            context.Progress.Status = 0;
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

        // The record is made first, and it does not take the client's token: a hang-up must not undo it.
        if (context.Refusal is { } refusal && !context.Response.HasStarted)
            await SendAsync(context, refusal);
        else
            await context.Progress.Settle();
    }

    private static KeyValuePair<string, string> Allow { get; } = new("Allow", "POST");

    private static KeyValuePair<string, string> RetryAfter { get; } = new("Retry-After", "5");

    private static void Fail(ProxyContext context, CallOutcome outcome, string reason)
    {
        context.Progress.Outcome = outcome;
        context.Progress.Reason = reason;
        if (context.Response.HasStarted) context.Response.Abort();
    }

    private static async ValueTask SendAsync(ProxyContext context, Refusal refusal)
    {
        byte[] body = refusal.Error.ToJson(context.RequestId.Span);
        context.Progress.Status = refusal.Error.Status;
        context.Progress.ResponseBytes = body.Length;
        context.Progress.Response.Add(body);
        await context.Progress.Settle!();
        context.Response.Start(refusal.Error.Status, "application/json", body.Length, refusal.Headers);
        try
        {
            await context.Response.WriteAsync(body, context.ClientGone);
        }
        catch (OperationCanceledException) when (context.ClientGone.IsCancellationRequested)
        {
            // Recorded as what it was: a refusal. That nobody waited for it changes nothing.
        }
    }

    private CallRecord ToRecord(ProxyContext context, DateTimeOffset arrived, long started)
    {
        CallProgress progress = context.Progress;
        Caller? caller = context.Caller;
        McpMessage? message = caller is null ? null : context.Message;
        long upstreamEnded = progress.UpstreamEnded == 0 && progress.UpstreamStarted != 0 ? time.GetTimestamp() : progress.UpstreamEnded;
        return new CallRecord
        {
            Id = CallId.From(Guid.CreateVersion7(arrived)),
            Time = arrived,
            Organization = caller?.Organization ?? OrganizationOfPath(context),
            Endpoint = Clean(context.Endpoint.Path)!,
            Server = context.Route?.Server.Id,
            ServerSlug = Clean(context.Route?.Server.Slug ?? (context.Endpoint.IsGateway ? null : context.Endpoint.Slug)),
            Gateway = context.Gateway?.Gateway.Id,
            GatewaySlug = Clean(context.Gateway?.Gateway.Slug ?? (context.Endpoint.IsGateway ? context.Endpoint.Slug : null)),
            User = caller?.User,
            UserName = caller?.Membership.User.Name,
            Token = caller?.Token,
            TokenName = caller?.TokenName,
            ClientName = Clean(message?.ClientName),
            ClientVersion = Clean(message?.ClientVersion),
            Era = context.Era,
            Method = context.Verb switch { ProxyVerb.Stream => "GET", ProxyVerb.EndSession => "DELETE", _ => Clean(message?.Method) },
            Tool = Clean(message?.Target),
            UpstreamTool = context.UpstreamName is { } name && name != message?.Target ? Clean(name) : null,
            Outcome = progress.Outcome,
            Status = progress.Status,
            Rule = context.Decision?.Rule,
            Reason = Clean(progress.Reason ?? context.Decision?.Reason, LongestReason),
            TotalMicroseconds = Microseconds(started, time.GetTimestamp()),
            UpstreamMicroseconds = progress.UpstreamStarted == 0 ? 0 : Microseconds(progress.UpstreamStarted, upstreamEnded),
            RequestBytes = context.Body.Length,
            ResponseBytes = progress.ResponseBytes,
            // Somebody who is nobody must not be able to fill the audit with what they please.
            Request = caller is null || context.Body.Length == 0 ? null : Head(context.Body),
            Response = caller is null ? null : progress.Response.ToPayload(),
            Truncated = context.Body.Length > PayloadCapture.Limit || progress.Response.Truncated,
        };
    }

    private static OrganizationId OrganizationOfPath(ProxyContext context) =>
        context.Endpoint.Organization is { } slug && context.Snapshot.Gateways.Find(slug) is { } routes ? routes.Organization.Id : OrganizationId.None;

    private static byte[] Head(byte[] body) => body.Length <= PayloadCapture.Limit ? body : body[..PayloadCapture.Limit];

    private long Microseconds(long from, long to) => (long)time.GetElapsedTime(from, to).TotalMicroseconds;

    /// <summary>Claims of the client's, made fit for a table, a log and a screen; the payload keeps them as they came.</summary>
    private static string? Clean(string? text, int longest = LongestText)
    {
        if (text is null) return null;
        if (text.Length <= longest && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            return text;
        Span<char> clean = text.Length <= longest ? new char[text.Length] : new char[longest];
        for (int i = 0; i < clean.Length; i++)
        {
            bool paired = char.IsHighSurrogate(text[i]) && i + 1 < clean.Length && char.IsLowSurrogate(text[i + 1])
                || char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]);
            clean[i] = char.IsControl(text[i]) || char.IsSurrogate(text[i]) && !paired ? '\ufffd' : text[i];
        }

        return new string(clean);
    }

    [LoggerMessage(1101, LogLevel.Error, "A call to {Endpoint} failed inside the gateway.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string endpoint);
}
