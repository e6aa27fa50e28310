using System.Threading.Channels;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>Changes of single resources for one stateless client's stream, asked for at the members that have them.</summary>
public sealed class ResourceNews(CatalogKeeper catalogs, MemberHops hops, StatelessUpstream stateless, ResourceSubscriptions subscriptions, ServerSwitches switches, TimeProvider time)
{
    private static readonly ClientSession Gateway = new("mcpx", ProtocolVersions.Stateless, "{}"u8.ToArray(), """{"name":"mcpx","version":"1"}"""u8.ToArray());

    /// <summary>Returns what follows them until the client goes, and the URIs that are honoured.</summary>
    public async Task<(Task Following, IReadOnlyList<string> Uris)> FollowAsync(
        ProxyContext context, IReadOnlyList<string> uris, ChannelWriter<ReadOnlyMemory<byte>> heard, CancellationToken clientGone)
    {
        if (uris.Count == 0) return (Task.CompletedTask, []);
        GatewayCatalog catalog = (await catalogs.GetAsync(context.Gateway!, clientGone)).Catalog;
        List<string> honoured = [];
        List<Task> following = [];
        foreach (IGrouping<MemberRoute, string> theirs in uris
            .Select(uri => (Uri: uri, Target: catalog.FindResource(uri) as RouteTarget.Found)).Where(u => u.Target is not null)
            .GroupBy(u => u.Target!.Item.Member, u => u.Uri))
        {
            honoured.AddRange(theirs);
            following.Add(FollowMemberAsync(context, theirs.Key, [.. theirs], heard, clientGone));
        }

        return (Task.WhenAll(following), honoured);
    }

    private async Task FollowMemberAsync(ProxyContext context, MemberRoute member, string[] uris, ChannelWriter<ReadOnlyMemory<byte>> heard, CancellationToken clientGone)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(clientGone, switches.Of(member.Server));
        await UpstreamRelations.RepeatAsync(async () =>
        {
            UpstreamHop hop = await hops.ToAsync(member.Server, over.Token);
            return hop.Protocol.SpeaksStateless
                ? await ListenStatelessAsync(hop, uris, heard, over.Token)
                : await subscriptions.FollowAsync(context, hop, uris, message => heard.TryWrite(message), over.Token);
        }, time, over.Token);
    }

    private async Task<TimeSpan?> ListenStatelessAsync(UpstreamHop hop, string[] uris, ChannelWriter<ReadOnlyMemory<byte>> heard, CancellationToken clientGone)
    {
        using CallDeadline deadline = CallDeadline.ForStream(time, hop.Route.Server, clientGone);
        TimeSpan? pause = null;
        await foreach (UpstreamMessage message in stateless.AskAsync(
            hop, Translation.ToStateless(UpstreamRelations.ListenRequest([], uris), Gateway, logLevel: null), UpstreamRelations.ListenId, RequestMethods.SubscriptionsListen, null, [], deadline))
        {
            if (message.Method != NotificationMethods.ResourceUpdatedNotification) continue;
            pause = UpstreamRelations.FirstPause;
            heard.TryWrite(Translation.Edit(message.Json, JsonChange.Remove("params", "_meta", Translation.SubscriptionKey)));
        }

        return pause;
    }
}
