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
public sealed class GatewayNews
{
    private readonly ConcurrentDictionary<GatewayListener, bool> _listeners = new();
    private readonly CatalogKeeper _catalogs;
    private readonly UpstreamSessions _sessions;
    private readonly UpstreamRelations _relations;
    private readonly MemberHops _hops;
    private readonly SnapshotKeeper _snapshots;
    private readonly TimeProvider _time;

    public GatewayNews(
        CatalogKeeper catalogs, UpstreamSessions sessions, UpstreamRelations relations, MemberHops hops, SnapshotKeeper snapshots, TimeProvider time)
    {
        (_catalogs, _sessions, _relations, _hops, _snapshots, _time) = (catalogs, sessions, relations, hops, snapshots, time);
        // Once, for all listeners: a change of members or rules changes lists too.
        snapshots.OnRoutesChanged(() =>
        {
            foreach (GatewayListener listener in _listeners.Keys)
                listener.Follow(snapshots.Current);
        });
    }

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
        GatewayListener listener = new(context.Gateway!, context.Snapshot, kinds =>
        {
            foreach ((CatalogKinds kind, string method, _) in Lists)
            {
                if (kinds.HasFlag(kind)) tell(method);
            }
        });
        _listeners[listener] = true;
        listener.Attach(_catalogs.Subscribe(context.Gateway!.Organization.Id, listener.CatalogChanged), () => _listeners.TryRemove(listener, out _));
        // What changed between the request's snapshot and now.
        listener.Follow(_snapshots.Current);
        return listener;
    }

    /// <summary>
    /// Follows each member in whose session the client does something, and each stateless member of whose resources it
    /// wants news. The former at once: some servers ask right after the opening, and what they ask before they are heard is
    /// lost.
    /// </summary>
    private async Task FollowMembersAsync(ProxyContext context, SessionClient client, CancellationToken clientGone)
    {
        ConcurrentDictionary<ServerId, bool> followed = new(concurrencyLevel: 1, capacity: 1);
        string place = context.Gateway!.Gateway.Id.ToString();
        Action<UpstreamSession> follow = Follow;
        client.Live.Using = follow;
        try
        {
            foreach (UpstreamSession session in _sessions.Of(client.Session.Id))
                Follow(session);
            while (true)
            {
                Task changed = client.Live.Resubscribed;
                foreach (MemberRoute member in client.Live.Subscriptions.Select(uri => OwnerOf(context, uri)).OfType<MemberRoute>().Distinct())
                {
                    if (followed.TryAdd(member.Member.Server, true)) _ = FollowStatelessAsync(context, member, client, clientGone);
                }

                await changed.WaitAsync(clientGone);
            }
        }
        finally
        {
            // The session outlives the stream, and must not keep all that the stream's request holds.
            client.Live.NoLongerUsing(follow);
        }

        void Follow(UpstreamSession session)
        {
            if (!clientGone.IsCancellationRequested && followed.TryAdd(session.Hop.Route.Server.Id, true))
                _ = _relations.FollowSessionAsync(context, session.Hop, client, place, clientGone);
        }
    }

    private Task FollowStatelessAsync(ProxyContext context, MemberRoute member, SessionClient client, CancellationToken clientGone) =>
        UpstreamRelations.RepeatAsync(async () =>
        {
            UpstreamHop hop = await _hops.ToAsync(member.Server, clientGone);
            // In a session of its own with the client, a member tells there.
            if (hop.Protocol.SpeaksSession) await Task.Delay(Timeout.InfiniteTimeSpan, _time, clientGone);
            else await _relations.FollowStatelessAsync(context, hop, client, [], uri => OwnerOf(context, uri)?.Member.Server == member.Member.Server, clientGone);
            return null;
        }, _time, clientGone);

    private MemberRoute? OwnerOf(ProxyContext context, string uri) =>
        _catalogs.Find(context.Gateway!)?.Catalog.FindResource(uri) is RouteTarget.Found found ? found.Item.Member : null;
}
