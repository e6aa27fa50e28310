using System.Collections.Concurrent;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Bridge;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// What a virtual gateway's clients are told outside of calls: changed lists, found by the catalogue for all clients
/// together; and what members say in the client's own sessions with them.
/// </summary>
public sealed class GatewayNews(CatalogKeeper catalogs, UpstreamSessions sessions, UpstreamRelations relations, MemberHops hops, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Method and filter name of each kind of list.</summary>
    public static IReadOnlyList<(CatalogKinds Kind, string Method, string Filter)> Lists { get; } =
    [
        (CatalogKinds.Tools, NotificationMethods.ToolListChangedNotification, Subscription.Tools),
        (CatalogKinds.Prompts, NotificationMethods.PromptListChangedNotification, Subscription.Prompts),
        (CatalogKinds.Resources, NotificationMethods.ResourceListChangedNotification, Subscription.Resources),
    ];

    /// <summary>Tells a session-era client through its standing stream, until it goes.</summary>
    public async Task FollowAsync(ProxyContext context, SessionClient client, CancellationToken clientGone)
    {
        using IDisposable changes = SubscribeToLists(context, method => client.Live.Tell(JsonRpc.Notification(method)));
        await FollowMembersAsync(context, client, clientGone);
    }

    /// <param name="tell">Called with the notification's method; on a pool thread, be quick.</param>
    public IDisposable SubscribeToLists(ProxyContext context, Action<string> tell)
    {
        HashSet<ServerId> members = [.. context.Gateway!.Members.Select(m => m.Member.Server)];
        return catalogs.Subscribe(context.Gateway.Organization.Id, change =>
        {
            if (!members.Contains(change.Server)) return;
            foreach ((CatalogKinds kind, string method, _) in Lists)
            {
                if (change.Kinds.HasFlag(kind)) tell(method);
            }
        });
    }

    /// <summary>
    /// Follows each member in whose session the client does something, and each stateless member of whose resources it
    /// wants news. The former at once: some servers ask right after the opening, and what they ask before they are heard is
    /// lost.
    /// </summary>
    private async Task FollowMembersAsync(ProxyContext context, SessionClient client, CancellationToken clientGone)
    {
        ConcurrentDictionary<ServerId, bool> followed = new();
        string place = context.Gateway!.Gateway.Id.ToString();
        client.Live.Using = Follow;
        using PeriodicTimer timer = new(LookEvery, time);
        do
        {
            foreach (UpstreamSession session in sessions.Of(client.Session.Id))
                Follow(session);
            foreach (MemberRoute member in client.Live.Subscriptions.Select(uri => OwnerOf(context, uri)).OfType<MemberRoute>().Distinct())
            {
                if (followed.TryAdd(member.Member.Server, true)) _ = FollowStatelessAsync(context, member, client, clientGone);
            }
        }
        while (await timer.WaitForNextTickAsync(clientGone));

        void Follow(UpstreamSession session)
        {
            if (!clientGone.IsCancellationRequested && followed.TryAdd(session.Hop.Route.Server.Id, true))
                _ = relations.FollowSessionAsync(context, session.Hop, client, place, clientGone);
        }
    }

    private async Task FollowStatelessAsync(ProxyContext context, MemberRoute member, SessionClient client, CancellationToken clientGone)
    {
        UpstreamHop hop = await hops.ToAsync(member.Server, clientGone);
        if (!hop.Protocol.SpeaksSession)
            await relations.FollowStatelessAsync(context, hop, client, [], uri => OwnerOf(context, uri)?.Member.Server == member.Member.Server, clientGone);
    }

    private MemberRoute? OwnerOf(ProxyContext context, string uri) =>
        catalogs.Find(context.Gateway!)?.Catalog.FindResource(uri) is RouteTarget.Found found ? found.Item.Member : null;
}
