using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy.Bridge;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>A virtual gateway for session-era clients. Sessions with its members are opened when a call needs them.</summary>
public sealed class SessionGateway(GatewayDescription description, GatewayCalls calls, GatewayNews news, UpstreamRelations relations, MemberHops hops) : ISessionEndpoint
{
    private static readonly byte[] NoMembers = "{}"u8.ToArray();

    public Guid Id(ProxyContext context) => context.Gateway!.Gateway.Id.Value;

    public Task<ReadOnlyMemory<byte>> DescribeAsync(ProxyContext context, SessionClient client) =>
        Task.FromResult<ReadOnlyMemory<byte>>(description.ForSession(context.Gateway!, client.Session.Version));

    public async Task RequestAsync(ProxyContext context, SessionClient client, ClientAnswer answer)
    {
        if (context.Message!.Method is RequestMethods.ResourcesSubscribe or RequestMethods.ResourcesUnsubscribe && context.Message.Uri is { } uri && context.Hop is { } hop)
        {
            client.Live.Subscribe(uri, context.Message.Method is RequestMethods.ResourcesSubscribe);
            if (!hop.Protocol.SpeaksSession)
            {
                // The member's era has no such request: the standing stream asks it for this URI.
                await answer.FinishAsync(JsonRpc.Result(context.RequestId, NoMembers), AnswerKind.Result, 200);
                return;
            }
        }

        await calls.RequestAsync(context, client, answer);
    }

    public Task TellAsync(ProxyContext context, SessionClient client) => relations.TellAllAsync(client, context.UpstreamBody);

    public async Task AnswerAsync(ProxyContext context, SessionClient client, QuestionRoute route)
    {
        MemberRoute member = context.Gateway!.Members.FirstOrDefault(m => m.Server.Server.Id == route.Server)
            ?? throw new UpstreamAnswerException("The server that asked is no member any more.");
        await relations.AnswerAsync(await hops.ToAsync(member.Server, context.ClientGone), client, route, context.Body);
    }

    public Task WatchAsync(ProxyContext context, SessionClient client, CancellationToken clientGone) => news.FollowAsync(context, client, clientGone);

    public Task LogLevelChangedAsync(ProxyContext context, SessionClient client) => relations.SetLogLevelAsync(client, context.ClientGone);
}
