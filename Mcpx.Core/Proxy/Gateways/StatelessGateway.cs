using System.Threading.Channels;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>A virtual gateway for stateless clients.</summary>
public sealed class StatelessGateway(GatewayDescription description, GatewayCalls calls, GatewayNews news, ResourceNews resources, TimeProvider time)
{
    private const int MostUnheard = 1000;

    public Task ServeAsync(ProxyContext context)
    {
        ClientAnswer answer = new(context, time);
        if (context.Message!.Kind is not McpMessageKind.Request) return answer.AcceptAsync().AsTask();
        return context.Message.Method switch
        {
            RequestMethods.ServerDiscover => answer.FinishAsync(
                JsonRpc.Result(context.RequestId, description.ForStateless(context.Gateway!)), AnswerKind.Result, 200).AsTask(),
            RequestMethods.SubscriptionsListen => ListenAsync(context, answer),
            _ => calls.RequestAsync(context, client: null, answer),
        };
    }

    private async Task ListenAsync(ProxyContext context, ClientAnswer answer)
    {
        Subscription wanted = Subscription.Read(context);
        Channel<ReadOnlyMemory<byte>> heard = Channel.CreateBounded<ReadOnlyMemory<byte>>(
            new BoundedChannelOptions(MostUnheard) { FullMode = BoundedChannelFullMode.DropOldest });
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(context.ClientGone);
        using IDisposable changes = news.SubscribeToLists(context, method =>
        {
            string filter = GatewayNews.Lists.First(l => l.Method == method).Filter;
            if (wanted.Lists.Contains(filter)) heard.Writer.TryWrite(JsonRpc.Notification(method));
        });
        (Task following, IReadOnlyList<string> uris) = await resources.FollowAsync(context, wanted.Uris, heard.Writer, over.Token);
        Subscription honoured = wanted with { Uris = uris };
        try
        {
            await answer.OpenStreamAsync(context.ClientGone);
            await answer.SendAsync(honoured.Acknowledgement(), context.ClientGone);
            while (await answer.WaitAsync(heard.Reader.WaitToReadAsync(context.ClientGone), context.ClientGone))
            {
                while (heard.Reader.TryRead(out ReadOnlyMemory<byte> message))
                    await answer.SendAsync(honoured.Marked(message), context.ClientGone);
            }
        }
        finally
        {
            await over.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
