using System.Text;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// One server for session-era clients where its own sessions can't be theirs: it knows none (2026-07-28), or its session is
/// a connection (the transport of 2024-11-05).
/// </summary>
public sealed class SessionBridge(
    StatelessUpstream stateless, SessionToStateless toStateless, SessionToSession toSession, UpstreamRelations relations, TimeProvider time) : ISessionEndpoint
{
    private static readonly byte[] DiscoverParams = "{}"u8.ToArray();

    public Guid Id(ProxyContext context) => context.Route!.Server.Id.Value;

    public async Task<ReadOnlyMemory<byte>> DescribeAsync(ProxyContext context, SessionClient client)
    {
        UpstreamHop hop = context.Hop!;
        if (hop.Protocol.OverSse)
            return (await toSession.OpenAsync(context, hop, client, context.ClientGone)).Opening;

        byte[] id = JsonEdit.Text("mcpx-discover");
        byte[] request = [.. "{\"jsonrpc\":\"2.0\",\"id\":\"mcpx-discover\",\"method\":\"server/discover\",\"params\":"u8, .. DiscoverParams, .. "}"u8];
        using CallDeadline deadline = CallDeadline.ForExchange(time, hop.Patience, context.ClientGone);
        ReadOnlyMemory<byte> asked = Translation.ToStateless(request, client.Session, logLevel: null);
        await foreach (UpstreamMessage message in stateless.AskAsync(hop, asked, id, RequestMethods.ServerDiscover, null, [], deadline))
        {
            if (message.Kind is AnswerKind.Result) return InitializeResult(hop.Route.Server, client.Session, message);
            if (message.Kind is AnswerKind.Error) throw new UpstreamAnswerException($"The server refused to describe itself: {JsonEdit.FindText(message.Json, "error", "message")}");
        }

        throw new UpstreamAnswerException("The server did not describe itself.");
    }

    public Task RequestAsync(ProxyContext context, SessionClient client, ClientAnswer answer)
    {
        UpstreamHop hop = context.Hop!;
        string method = context.Message!.Method!;
        BridgedCall call = new(context, hop, context.UpstreamBody, method, context.Message.Target, context.Rewrite);
        if (hop.Protocol.OverSse) return toSession.CallAsync(call, client, Id(context).ToString(), answer);
        if (method is RequestMethods.ResourcesSubscribe or RequestMethods.ResourcesUnsubscribe)
        {
            // 2026-07-28 has no such request: the standing stream asks for these URIs anew.
            client.Live.Subscribe(context.Message.Uri ?? "", method is RequestMethods.ResourcesSubscribe);
            return answer.FinishAsync(JsonRpc.Result(call.Id, "{}"u8.ToArray()), AnswerKind.Result, 200).AsTask();
        }

        return toStateless.CallAsync(call, client, answer);
    }

    public Task TellAsync(ProxyContext context, SessionClient client) =>
        relations.TellAllAsync(client, context.UpstreamBody);

    public Task AnswerAsync(ProxyContext context, SessionClient client, QuestionRoute route) =>
        relations.AnswerAsync(context.Hop!, client, route, context.Body);

    public Task WatchAsync(ProxyContext context, SessionClient client, CancellationToken clientGone)
    {
        UpstreamHop hop = context.Hop!;
        return hop.Protocol.OverSse
            ? relations.FollowSessionAsync(context, hop, client, Id(context).ToString(), clientGone)
            : relations.FollowStatelessAsync(context, hop, client, ["toolsListChanged", "promptsListChanged", "resourcesListChanged"], uri => true, clientGone);
    }

    public Task LogLevelChangedAsync(ProxyContext context, SessionClient client) => relations.SetLogLevelAsync(client, context.ClientGone);

    /// <summary>What <c>server/discover</c> said, as <c>initialize</c> says it.</summary>
    private static byte[] InitializeResult(UpstreamServer server, ClientSession client, UpstreamMessage discovered)
    {
        ReadOnlyMemory<byte> capabilities = JsonEdit.Find(discovered.Json, "result", "capabilities") ?? DiscoverParams;
        ReadOnlyMemory<byte>? info = JsonEdit.Find(discovered.Json, "result", "_meta", Translation.ServerInfoKey) ?? JsonEdit.Find(discovered.Json, "result", "serverInfo");
        ReadOnlyMemory<byte>? instructions = JsonEdit.Find(discovered.Json, "result", "instructions");
        ReadOnlyMemory<byte> usable = Translation.Edit(capabilities, JsonChange.Remove("extensions"));
        return
        [
            .. "{\"protocolVersion\":"u8, .. JsonEdit.Text(client.Version), .. ",\"capabilities\":"u8, .. usable.Span, .. ",\"serverInfo\":"u8,
            .. info is { } known ? known.Span : Encoding.UTF8.GetBytes($$"""{"name":"{{server.Slug}}","version":"0"}"""),
            .. instructions is { } text ? (byte[])[.. ",\"instructions\":"u8, .. text.Span] : [], .. "}"u8,
        ];
    }
}
