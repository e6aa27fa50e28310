using System.Text;
using System.Text.Json;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy;

/// <summary>
/// The handles that a server gives a client in the middle of things: <c>requestState</c>, and the task ids of a virtual
/// gateway's members. All callers look alike to the server, because the gateway shows it one credential for all of them: so
/// it is the gateway that binds a handle to the caller, the server and the request it was given for (MCP 2026-07-28,
/// "Multi Round-Trip Requests", server requirements 4 and 5).
/// </summary>
public sealed class CallHandles(SealedValues seal)
{
    private const string StateKind = "request-state-2";
    private const int IdLength = 16;
    private const string TaskKind = "task";

    private static readonly TimeSpan StateLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan TaskLife = TimeSpan.FromDays(30);

    /// <summary>Seals what the answer hands to the client.</summary>
    public ReadOnlyMemory<byte> Seal(ProxyContext context, ReadOnlyMemory<byte> answer)
    {
        ReadOnlySpan<byte> text = answer.Span;
        bool hasState = text.IndexOf("\"requestState\""u8) >= 0;
        bool hasTask = context.Gateway is not null && text.IndexOf("\"taskId\""u8) >= 0;
        if (!hasState && !hasTask) return answer;
        try
        {
            if (hasState && JsonEdit.FindText(answer, "result", "requestState") is { } state)
                answer = JsonEdit.Apply(answer.Span, JsonChange.Set(SealState(context, state), "result", "requestState"));
            return hasTask ? SealTasks(context, answer) : answer;
        }
        catch (JsonException)
        {
            throw new UpstreamAnswerException("A message has not the shape that the protocol gives it.");
        }
    }

    /// <summary>The server's own <c>requestState</c> in place of the sealed one; null for a state that is not of this call.</summary>
    public ReadOnlyMemory<byte>? RestoreState(ProxyContext context, ReadOnlyMemory<byte> request)
    {
        if (context.Message is not { HasRequestState: true } || JsonEdit.Find(request, "params", "requestState") is null) return request;
        if (JsonEdit.FindText(request, "params", "requestState") is not { } text
            || seal.Open(context.Caller!, StateKind, PlaceOf(context), text) is not { Length: >= IdLength } state) return null;
        context.FirstRound = CallId.From(new Guid(state.AsSpan(0, IdLength)));
        return JsonEdit.Apply(request.Span, JsonChange.Set(Encoding.UTF8.GetString(state.AsSpan(IdLength)), "params", "requestState"));
    }

    /// <summary>The member and its own task id behind one that a gateway gave; null for one that it did not give this caller.</summary>
    public (Guid Server, string Task)? OpenTask(ProxyContext context, string task)
    {
        if (seal.Open(context.Caller!, TaskKind, context.Gateway!.Gateway.Id.ToString(), task) is not { Length: > 16 } opened) return null;
        return (new Guid(opened.AsSpan(0, 16)), Encoding.UTF8.GetString(opened.AsSpan(16)));
    }

    /// <summary>With the id of the first call, so that the rounds of one are found together.</summary>
    private string SealState(ProxyContext context, string state) => seal.Seal(
        context.Caller!, StateKind, PlaceOf(context), [.. (context.FirstRound ?? context.Id).Value.ToByteArray(), .. Encoding.UTF8.GetBytes(state)], StateLife);

    private string SealTask(ProxyContext context, string task) => seal.Seal(
        context.Caller!, TaskKind, context.Gateway!.Gateway.Id.ToString(), [.. context.Route!.Server.Id.Value.ToByteArray(), .. Encoding.UTF8.GetBytes(task)], TaskLife);

    /// <summary>Wherever the two eras put a task's id in an answer or a notification.</summary>
    private ReadOnlyMemory<byte> SealTasks(ProxyContext context, ReadOnlyMemory<byte> message)
    {
        foreach (string[] path in (string[][])
        [
            ["result", "taskId"], ["result", "task", "taskId"], ["params", "taskId"], ["result", "_meta", "io.modelcontextprotocol/related-task", "taskId"],
            ["params", "_meta", "io.modelcontextprotocol/related-task", "taskId"],
        ])
        {
            if (JsonEdit.FindText(message, path) is { } task) message = JsonEdit.Apply(message.Span, JsonChange.Set(SealTask(context, task), path));
        }

        return message;
    }

    /// <summary>The request that a state belongs to: the same tool with the same arguments, at the same server.</summary>
    private static string PlaceOf(ProxyContext context)
    {
        string arguments = JsonEdit.Find(context.Body, "params", "arguments") is { } given ? CanonicalJson.Digest(given) : "";
        return $"{context.Route!.Server.Id}|{context.Message!.Method}|{context.UpstreamName ?? context.Message.Target}|{arguments}";
    }
}
