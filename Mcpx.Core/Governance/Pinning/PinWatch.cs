using System.Collections.Concurrent;
using System.Threading.Channels;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>
/// Reads the tool definitions of every server whose pins are watched: a server in use every half minute, others now and
/// then, one that nobody watches never. Also takes what calls bring: that a server is used, and what its lists showed.
/// </summary>
public sealed partial class PinWatch(
    IRouteSource routes, IPinSource pins, CatalogReader reader, CatalogKeeper catalogs, PinLearner learner, TimeProvider time, ILogger<PinWatch> logger) : BackgroundService
{
    private const int ReadingsAtOnce = 8;
    private const int MostNotes = 1000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<ServerId, WatchedServer> _watched = new();
    private readonly Channel<(ServerRoute Route, SeenDefinition Seen)> _notes =
        Channel.CreateBounded<(ServerRoute, SeenDefinition)>(new BoundedChannelOptions(MostNotes) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turns = new(ReadingsAtOnce);

    /// <summary>Somebody calls the server or lists its tools: it is read more often for a while. Costs next to nothing.</summary>
    public void Used(ServerRoute route)
    {
        if (_watched.TryGetValue(route.Server.Id, out WatchedServer? server)) server.Use();
    }

    /// <summary>A list that passed showed a definition that nobody approved. Where too many come at once, some are left for the next list.</summary>
    public void Note(ServerRoute route, SeenDefinition seen)
    {
        if (pins.Pins.Find(route.Organization.Id, route.Server.Id)?.IsNews(seen.Tool, seen.Hash) is true) _notes.Writer.TryWrite((route, seen));
    }

    /// <summary>Reads the server's definitions now, and returns when what they show is in force on this replica.</summary>
    /// <exception cref="CatalogException">They could not be read.</exception>
    public async Task ReadAsync(ServerRoute route, CancellationToken cancellationToken)
    {
        DateTimeOffset began = Instant.Now(time);
        IReadOnlyList<CatalogItem> tools = await reader.ReadToolsAsync(route.Server, route.Credential, cancellationToken);
        await learner.LearnAsync(route, tools, began, cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _turns.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        routes.OnRoutesChanged(Follow);
        catalogs.OnRead(LearnFromKeeper);
        Follow();
        await Task.WhenAll(LookAsync(stoppingToken), TakeNotesAsync(stoppingToken));
    }

    /// <summary>The servers as they are configured now.</summary>
    private void Follow()
    {
        PinSnapshot snapshot = pins.Pins;
        HashSet<ServerId> wanted = [];
        foreach (ServerRoute route in routes.Routes.Organizations.SelectMany(o => o.Servers))
        {
            ServerPins? known = snapshot.Find(route.Organization.Id, route.Server.Id);
            if (!route.Server.Enabled || known?.Settings.Mode is PinMode.Allow) continue;
            wanted.Add(route.Server.Id);
            WatchedServer server = _watched.GetOrAdd(route.Server.Id, _ =>
            {
                WatchedServer made = new(route, time);
                if (known?.Settings.BaselineAt is not null) made.StartSomewhere();
                return made;
            });
            server.Follow(route);
        }

        foreach (ServerId gone in _watched.Keys.Where(id => !wanted.Contains(id))) _watched.TryRemove(gone, out _);
        Wake();
    }

    private void Wake() => _looks.Writer.TryWrite(true);

    private async Task LookAsync(CancellationToken stopping)
    {
        List<Task> readings = [];
        using ITimer timer = time.CreateTimer(_ => Wake(), null, LookEvery, LookEvery);
        try
        {
            while (await _looks.Reader.WaitToReadAsync(stopping))
            {
                _looks.Reader.TryRead(out _);
                foreach (WatchedServer server in _watched.Values.Where(s => !s.IsBeingRead && s.IsDue()))
                {
                    server.IsBeingRead = true;
                    await _turns.WaitAsync(stopping);
                    readings.Add(ReadAsync(server, stopping));
                }

                readings.RemoveAll(r => r.IsCompleted);
            }
        }
        finally
        {
            await Task.WhenAll(readings);
        }
    }

    private async Task ReadAsync(WatchedServer server, CancellationToken stopping)
    {
        bool succeeded = false;
        try
        {
            await ReadAsync(server.Route, stopping);
            succeeded = true;
        }
        catch (CatalogException e)
        {
            // A server that is down changes nothing: what was approved stays approved.
            LogNotRead(logger, server.Route.Server.Id, e.Reason);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            LogNotKept(logger, e, server.Route.Server.Id);
        }
        catch
        {
            // The gateway stops.
        }
        finally
        {
            server.Ended(succeeded);
            server.IsBeingRead = false;
            _turns.Release();
        }
    }

    private async Task LearnFromKeeper(ServerRoute route, ServerCatalog catalog, DateTimeOffset began, CancellationToken cancellationToken)
    {
        try
        {
            await learner.LearnAsync(route, catalog.Tools, began, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotKept(logger, e, route.Server.Id);
        }
    }

    /// <summary>Everything that came meanwhile in one step for each server: a server may show another definition to each client.</summary>
    private async Task TakeNotesAsync(CancellationToken stopping)
    {
        while (await _notes.Reader.WaitToReadAsync(stopping))
        {
            List<(ServerRoute Route, SeenDefinition Seen)> notes = [];
            while (notes.Count < MostNotes && _notes.Reader.TryRead(out (ServerRoute, SeenDefinition) note)) notes.Add(note);
            foreach (IGrouping<ServerId, (ServerRoute Route, SeenDefinition Seen)> group in notes.GroupBy(n => n.Route.Server.Id))
            {
                try
                {
                    await learner.LearnAsync(group.First().Route, [.. group.Select(n => n.Seen).DistinctBy(s => s.Tool, StringComparer.Ordinal)], stopping);
                }
                catch (Exception e) when (!stopping.IsCancellationRequested)
                {
                    LogNotKept(logger, e, group.Key);
                }
            }

            // A server that makes definitions up for each list must not make the configuration change with each of them.
            await Task.Delay(TimeSpan.FromSeconds(1), time, stopping);
        }
    }

    [LoggerMessage(1492, LogLevel.Debug, "The tool definitions of server {Server} could not be read ({Reason}).")]
    private static partial void LogNotRead(ILogger logger, ServerId server, string reason);

    [LoggerMessage(1493, LogLevel.Warning, "What a reading of server {Server} showed of its tool definitions could not be kept; the next reading brings it again.")]
    private static partial void LogNotKept(ILogger logger, Exception exception, ServerId server);
}
