using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>One session-era server for stateless clients.</summary>
public sealed class StatelessBridge(StatelessToSession toSession, ResourceSubscriptions subscriptions, TimeProvider time)
{
    private static readonly byte[] NoMembers = "{}"u8.ToArray();

    public Task ServeAsync(ProxyContext context)
    {
        ClientAnswer answer = new(context, time);
        // The stateless era knows no notifications of clients over HTTP; what comes all the same is for nobody.
        if (context.Message!.Kind is not McpMessageKind.Request) return answer.AcceptAsync().AsTask();
        string method = context.Message.Method!;
        if (method == RequestMethods.ServerDiscover) return DiscoverAsync(context, answer);
        if (method == RequestMethods.SubscriptionsListen) return ListenAsync(context, answer);
        if (StatelessToSession.Knows(method))
            return toSession.CallAsync(new BridgedCall(context, context.Hop!, context.UpstreamBody, method, context.Message.Target, context.Rewrite), answer);
        McpError unknown = ProxyErrors.UnknownMethod(method);
        context.Refuse(CallOutcome.ToolError, unknown, unknown.Message);
        return Task.CompletedTask;
    }

    private async Task DiscoverAsync(ProxyContext context, ClientAnswer answer)
    {
        UpstreamSessionKey key = StatelessToSession.KeyOf(context, context.Hop!, logLevel: null);
        UpstreamSession session = await toSession.OpenAsync(key, context.Hop!, logLevel: null, context.ClientGone);
        ReadOnlyMemory<byte> opening = session.Opening;
        // Tasks of the session era are another thing than those of the stateless era's extension.
        ReadOnlyMemory<byte> capabilities = Translation.Edit(JsonEdit.Find(opening, "capabilities") ?? NoMembers, JsonChange.Remove("tasks"));
        List<JsonChange> changes =
        [
            JsonChange.Set("complete", "resultType"),
            JsonChange.Set("[\"2026-07-28\"]"u8.ToArray(), "supportedVersions"),
            JsonChange.Set(capabilities, "capabilities"),
            JsonChange.Set("0"u8.ToArray(), "ttlMs"),
            JsonChange.Set("private", "cacheScope"),
            JsonChange.Remove("protocolVersion"),
            JsonChange.Remove("serverInfo"),
        ];
        if (JsonEdit.Find(opening, "serverInfo") is { } info) changes.Add(JsonChange.Set(info, "_meta", Translation.ServerInfoKey));
        await answer.FinishAsync(JsonRpc.Result(context.RequestId, Translation.Edit(opening, [.. changes])), AnswerKind.Result, 200);
    }

    private async Task ListenAsync(ProxyContext context, ClientAnswer answer)
    {
        Subscription wanted = Subscription.Read(context);
        await using ResourceSubscriptions.Listening listening = await subscriptions.OpenAsync(context, context.Hop!, context.ClientGone);
        Subscription honoured = wanted.Within(JsonEdit.Find(listening.Session.Opening, "capabilities") ?? NoMembers);
        honoured = honoured with { Uris = await subscriptions.SubscribeAsync(listening.Session, honoured.Uris, context.ClientGone) };
        await answer.OpenStreamAsync(context.ClientGone);
        await answer.SendAsync(honoured.Acknowledgement(), context.ClientGone);
        using CallDeadline deadline = CallDeadline.ForStream(time, context.Hop!.Route.Server, context.ClientGone);
        await using IAsyncEnumerator<UpstreamMessage> messages = listening.Session.ListenAsync(deadline).GetAsyncEnumerator(context.ClientGone);
        while (await answer.WaitAsync(messages.MoveNextAsync(), context.ClientGone))
        {
            if (honoured.Wants(messages.Current)) await answer.SendAsync(honoured.Marked(messages.Current.Json), context.ClientGone);
        }

        // The server ended its stream: said as the protocol says it, so that the client opens another.
        await answer.SendAsync(honoured.Closing(), context.ClientGone);
    }
}
