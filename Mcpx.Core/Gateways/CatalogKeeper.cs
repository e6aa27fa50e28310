using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Gateways;

/// <summary>
/// The catalogues of all servers that somebody needs, in this replica's memory: members of gateways are kept up to date,
/// others for a while after they were asked for. Whoever asks gets what is known, and waits only where nothing is.
/// </summary>
public sealed class CatalogKeeper : IHostedService
{
    /// <summary>How long a request waits, for all members together, that a server lists what it offers for the first time.</summary>
    public static readonly TimeSpan AggregateDeadline = TimeSpan.FromSeconds(12);

    private const int RefreshesAtOnce = 32;

    private readonly ConcurrentDictionary<ServerId, KeptServer> _kept = new();
    private readonly ConditionalWeakTable<GatewayRoute, ViewSlot> _views = [];
    private readonly Lock _gate = new();
    private readonly IRouteSource _routes;
    private readonly KeeperParts _parts;
    private bool _stopped;

    public CatalogKeeper(IRouteSource routes, CatalogReader reader, IServerCatalogStore store, TimeProvider time, ILogger<CatalogKeeper> logger)
    {
        _routes = routes;
        _parts = new KeeperParts(reader, store, time, new CatalogChanges(logger), new SemaphoreSlim(RefreshesAtOnce), logger);
    }

    /// <summary>The gateway from memory, at once; null while a member has never been asked.</summary>
    public GatewayView? Find(GatewayRoute gateway)
    {
        KnownCatalog?[] known = [.. gateway.Members.Select(m => KnownOf(m.Server))];
        for (int at = 0; at < known.Length; at++)
        {
            if (known[at] is null && gateway.Members[at].Server.Server.Enabled) return null;
        }

        return ViewOf(gateway, known);
    }

    /// <summary>The gateway; waits for members of which nothing is known, all at once, at most <see cref="AggregateDeadline"/>.</summary>
    public async ValueTask<GatewayView> GetAsync(GatewayRoute gateway, CancellationToken cancellationToken)
    {
        if (Find(gateway) is { } view) return view;
        await WaitAsync([.. gateway.Members.Where(m => m.Server.Server.Enabled).Select(m => Keep(m.Server))], s => s.FirstKnown, cancellationToken);
        return ViewOf(gateway, [.. gateway.Members.Select(m => KnownOf(m.Server))]);
    }

    /// <summary>The gateway from memory, at once; a member that was never asked is missing for now, and is asked.</summary>
    public GatewayView Peek(GatewayRoute gateway) => ViewOf(gateway, [.. gateway.Members.Select(m => KnownOf(m.Server))]);

    /// <summary>
    /// The gateway after all its members were asked anew, all at once; at most <see cref="AggregateDeadline"/>, and then
    /// with what is known of those that have not answered yet. However many ask for it, a member is asked once at a time.
    /// </summary>
    public async Task<GatewayView> RefreshAsync(GatewayRoute gateway, CancellationToken cancellationToken)
    {
        KeptServer[] servers = [.. gateway.Members.Where(m => m.Server.Server.Enabled).Select(m => Keep(m.Server))];
        await WaitAsync(servers, s => s.ReadNowAsync(), cancellationToken);
        return Peek(gateway);
    }

    /// <summary>One server's catalogue as far as this replica knows it; nothing is asked for it.</summary>
    public ServerCatalog? Peek(ServerRoute server) =>
        _kept.TryGetValue(server.Server.Id, out KeptServer? kept) && Serves(kept, server) ? kept.Known?.Catalog : null;

    /// <summary>One server's catalogue, also of one outside of gateways; null when it is switched off or can't be read.</summary>
    public async ValueTask<ServerCatalog?> GetAsync(ServerRoute server, CancellationToken cancellationToken)
    {
        if (!server.Server.Enabled) return null;
        KeptServer kept = Keep(server);
        if (kept.Known is null) await WaitAsync([kept], s => s.FirstKnown, cancellationToken);
        return kept.Known?.Catalog;
    }

    /// <summary>An answer of the server's does not fit its list: it is read again soon, however often this is called.</summary>
    public void Doubt(ServerRoute server)
    {
        if (server.Server.Enabled) Keep(server).Doubt();
    }

    /// <summary>Tells changes of the lists of the organisation's servers. The handler returns at once; it may be called on any thread.</summary>
    public IDisposable Subscribe(OrganizationId organization, Action<CatalogChange> onChange) => _parts.Changes.Subscribe(organization, onChange);

    /// <summary>
    /// Shows each reading of a server's lists, with the time of its beginning, to somebody before it is in force; one at a
    /// time for each server.
    /// </summary>
    public void OnRead(Func<ServerRoute, ServerCatalog, DateTimeOffset, CancellationToken, Task> onRead) => _parts.OnRead = onRead;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _routes.OnRoutesChanged(KeepMembersWarm);
        KeepMembersWarm();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        KeptServer[] all;
        lock (_gate)
        {
            _stopped = true;
            all = [.. _kept.Values];
        }

        foreach (KeptServer kept in all) kept.Dispose();
        await Task.WhenAll(all.Select(k => k.Running)).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void KeepMembersWarm()
    {
        Dictionary<ServerId, ServerRoute> wanted = [];
        foreach (MemberRoute member in _routes.Routes.Organizations.SelectMany(o => o.Gateways).Where(g => g.Gateway.Enabled).SelectMany(g => g.Members))
            wanted[member.Member.Server] = member.Server;
        foreach ((ServerId server, KeptServer kept) in _kept)
        {
            bool isThere = _routes.Routes.Find(kept.Route.Organization.Id)?.FindServer(kept.Route.Server.Slug) is { Server.Enabled: true } now && now.Server.Id == server;
            if (!wanted.ContainsKey(server)) kept.Warm(false);
            if (!isThere && wanted.GetValueOrDefault(server)?.Server.Enabled is not true) kept.Dispose();
        }

        foreach (ServerRoute server in wanted.Values.Where(s => s.Server.Enabled)) Keep(server).Warm(true);
    }

    private KnownCatalog? KnownOf(ServerRoute server) => server.Server.Enabled ? Keep(server).Known : null;

    /// <summary>The server as it is configured now. A call under way may still bring its route of before.</summary>
    private KeptServer Keep(ServerRoute server)
    {
        ServerId id = server.Server.Id;
        if (_kept.TryGetValue(id, out KeptServer? kept) && Serves(kept, server)) return Touched(kept, server);
        lock (_gate)
        {
            if (_kept.TryGetValue(id, out kept) && Serves(kept, server)) return Touched(kept, server);
            kept?.Dispose();
            KeptServer made = new(server, _parts);
            _kept[id] = made;
            if (_stopped) made.Dispose();
            else made.Start(() => _kept.TryRemove(KeyValuePair.Create(id, made)));
            return made;
        }
    }

    private static KeptServer Touched(KeptServer kept, ServerRoute server)
    {
        kept.Touch(server);
        return kept;
    }

    private static bool Serves(KeptServer kept, ServerRoute server) =>
        !kept.IsStopped && (server.Server.UpdatedAt < kept.Route.Server.UpdatedAt || IsSameConnection(kept.Route, server));

    private static bool IsSameConnection(ServerRoute one, ServerRoute other) => ReferenceEquals(one, other)
        || one.Server.Url == other.Server.Url
            && one.Server.Headers.SequenceEqual(other.Server.Headers)
            && StoredCredential.IsSame(one.Credential, other.Credential);

    private async Task WaitAsync(KeptServer[] servers, Func<KeptServer, Task> signal, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(servers.Select(signal)).WaitAsync(AggregateDeadline, _parts.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            foreach (KeptServer server in servers) server.GiveUpWaiting();
        }
    }

    private GatewayView ViewOf(GatewayRoute gateway, KnownCatalog?[] known)
    {
        ViewSlot slot = _views.GetValue(gateway, static _ => new ViewSlot());
        if (slot.Find(known) is { } found) return found;
        // Compiled once, however many ask in the moment that a list changes.
        lock (slot)
        {
            if (slot.Find(known) is { } made) return made;
            bool isSameContent = slot.Made is { } before && known.Zip(before.Known).All(k => ReferenceEquals(k.First?.Content, k.Second?.Content));
            GatewayCatalog catalog = isSameContent
                ? slot.Made!.View.Catalog
                : GatewayCatalog.Compile(gateway, known.Select(k => k?.Catalog).OfType<ServerCatalog>().ToDictionary(c => c.Server));
            GatewayView view = new(gateway, catalog, [.. gateway.Members.Select((m, at) => MemberState.Of(m, known[at]))]);
            slot.Made = new MadeView(known, view);
            return view;
        }
    }

    private sealed record MadeView(KnownCatalog?[] Known, GatewayView View);

    private sealed class ViewSlot
    {
        private MadeView? _made;

        public MadeView? Made
        {
            get => Volatile.Read(ref _made);
            set => Volatile.Write(ref _made, value);
        }

        public GatewayView? Find(KnownCatalog?[] known) => Made is { } made && made.Known.AsSpan().SequenceEqual(known) ? made.View : null;
    }
}
