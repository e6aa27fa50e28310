using System.Net;
using System.Net.Http.Headers;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Brings an upstream's answer to the client. Bytes pass as they come; what ends the call (the last piece of a JSON
/// answer, the event with the result) waits until the record is durable.
/// </summary>
public sealed class AnswerRelay(SessionHandles sessions, EventRelay events, JsonRelay json, TimeProvider time)
{
    /// <param name="answer">Its disposal ends the stream of its body too.</param>
    public ValueTask RelayAsync(ProxyContext context, HttpResponseMessage answer, CallDeadline deadline)
    {
        deadline.ExpectMore();
        int status = (int)answer.StatusCode;
        RefuseUnusable(answer);
        // Other calls wait for what this one finds out, and it may go on for long.
        if (context.IsHealthProbe && status < 500) context.Admission!.Succeeded();
        context.Progress.Status = status;
        List<KeyValuePair<string, string>> headers = HeadersOf(context, answer);
        // What is still to come is read below; that there is a stream is known at once.
        Stream body = answer.Content.ReadAsStream(deadline.Token);
        string? type = TypeOf(answer.Content.Headers);
        return type switch
        {
            "text/event-stream" => new(events.RelayAsync(context, body, headers, deadline)),
            "application/json" => json.RelayAsync(context, answer.Content.Headers.ContentLength, body, headers, deadline),
            _ => new(RelayEmptyAsync(context, type, body, headers, deadline)),
        };
    }

    /// <summary>Answers that must not reach the client as they are.</summary>
    internal static void RefuseUnusable(HttpResponseMessage answer)
    {
        int status = (int)answer.StatusCode;
        if (status is >= 300 and < 400)
            throw new UpstreamAnswerException($"The server redirects ({status}); enter the address it redirects to.");
        if (answer.Content.Headers.NonValidated.Contains("Content-Encoding") && answer.Content.Headers.ContentEncoding.Any(e => e != "identity"))
            throw new UpstreamAnswerException("The server compressed an answer though it was asked not to.");
        // Relayed as it is, it would start the client's sign-in against the gateway for a credential that is ours.
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired)
            throw new UpstreamRefusedException(status);
    }

    /// <summary>The media type. Most servers spell it plainly, and then nothing is parsed.</summary>
    private static string? TypeOf(HttpContentHeaders headers) =>
        headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values) && values.Count == 1 && values.ToString() is "application/json" or "text/event-stream"
            ? values.ToString()
            : headers.ContentType?.MediaType;

    private List<KeyValuePair<string, string>> HeadersOf(ProxyContext context, HttpResponseMessage answer)
    {
        List<KeyValuePair<string, string>> headers = [];
        if (context.Era is ProtocolEra.Session && answer.Headers.TryGetValues("Mcp-Session-Id", out IEnumerable<string>? ids))
        {
            string session = string.Join(',', ids);
            headers.Add(new("Mcp-Session-Id", session == context.UpstreamSession
                ? context.Headers.SessionId!
                : sessions.Wrap(context.Caller!, context.Route!.Server.Id, session)));
        }

        return headers;
    }

    /// <summary>202 for notifications and answers of the client, the end of a session, and refusals without a message.</summary>
    private async Task RelayEmptyAsync(ProxyContext context, string? type, Stream body, List<KeyValuePair<string, string>> headers, CallDeadline deadline)
    {
        int status = context.Progress.Status;
        if (context.IsRequest && status is not 404)
            throw new UpstreamAnswerException($"The server answered {status} {type ?? "without a content type"}, not JSON or an event stream.");
        // A text behind it is not the protocol's; it stays here.
        await BodyPieces.DiscardAsync(body, deadline);
        context.Progress.End(status < 400 ? CallOutcome.Ok : status >= 500 ? CallOutcome.UpstreamError : CallOutcome.ToolError, time);
        await context.Progress.Settle!();
        if (status == 405) headers.Add(new("Allow", "POST"));
        context.Response.Start(status, null, status is 204 ? null : 0, headers);
        await context.Response.FinishAsync(default);
    }
}
