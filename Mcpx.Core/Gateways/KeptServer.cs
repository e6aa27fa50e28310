using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Gateways;

/// <summary>One server's catalogue in memory, and the loop that keeps it up to date.</summary>
internal sealed partial class KeptServer(ServerRoute first, KeeperParts parts) : IDisposable
{
    /// <summary>How long a list is taken for fresh, unless the server says less.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>A server that lets its lists be kept for no time at all is asked this often.</summary>
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan DoubtPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _doubt = NewSignal();
    private TaskCompletionSource _hurry = NewSignal();
    private TaskCompletionSource? _asked;
    private ServerRoute _route = first;
    private KnownCatalog? _known;
    private CancellationTokenSource? _watch;
    private Task _watching = Task.CompletedTask;
    private DateTimeOffset _savedAt;
    private long _lastUsed = parts.Time.GetTimestamp();
    private bool _offersNoWatch;

    public ServerRoute Route => Volatile.Read(ref _route);

    /// <summary>Null while nothing is known yet.</summary>
    public KnownCatalog? Known => Volatile.Read(ref _known);

    /// <summary>Ends when something is known, be it a failure.</summary>
    public Task FirstKnown => _firstKnown.Task;

    /// <summary>True while the server is a member of a gateway, which wants its list at once.</summary>
    public bool IsWarm { get; private set; }

    public bool IsStopped => _stopping.IsCancellationRequested;

    public Task Running { get; private set; } = Task.CompletedTask;

    public void Start(Action onForgotten) => Running = Task.Run(() => RunAsync(onForgotten));

    /// <summary>Ends the loop and whoever waits. The sources are cancelled only: the loop still looks at them, and they hold nothing.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _firstKnown.TrySetResult();
        Volatile.Read(ref _asked)?.TrySetResult();
    }

    public void Touch(ServerRoute current)
    {
        Volatile.Write(ref _lastUsed, parts.Time.GetTimestamp());
        if (current.Server.UpdatedAt >= Route.Server.UpdatedAt) Volatile.Write(ref _route, current);
    }

    public void Warm(bool isWarm)
    {
        if (isWarm == IsWarm) return;
        IsWarm = isWarm;
        if (isWarm) Doubt();
        else _watch?.Cancel();
    }

    /// <summary>The list may have changed: it is read again soon.</summary>
    public void Doubt() => Volatile.Read(ref _doubt).TrySetResult();

    /// <summary>
    /// Reads the list now, whatever else the loop waits for. Ends with the first reading that begins after the call, which
    /// all who asked in the meantime share; its failure is found in <see cref="Known"/>.
    /// </summary>
    public Task ReadNowAsync()
    {
        TaskCompletionSource mine = NewSignal();
        TaskCompletionSource asked = Interlocked.CompareExchange(ref _asked, mine, null) ?? mine;
        Volatile.Read(ref _hurry).TrySetResult();
        if (IsStopped) asked.TrySetResult();
        return asked.Task;
    }

    /// <summary>Nobody waits any longer for the first reading, which goes on.</summary>
    public void GiveUpWaiting()
    {
        if (Interlocked.CompareExchange(ref _known, new KnownCatalog(null, CatalogException.Timeout(), this), null) is null) _firstKnown.TrySetResult();
    }

    private async Task RunAsync(Action onForgotten)
    {
        try
        {
            await RecallAsync();
            int failures = 0;
            while (IsWanted())
            {
                long began = parts.Time.GetTimestamp();
                Volatile.Write(ref _doubt, NewSignal());
                Volatile.Write(ref _hurry, NewSignal());
                TaskCompletionSource? asked = Interlocked.Exchange(ref _asked, null);
                try
                {
                    failures = await RefreshAsync() ? 0 : failures + 1;
                }
                finally
                {
                    asked?.TrySetResult();
                }

                StartWatching();
                await WaitAsync(failures == 0 ? FreshFor() : BackOff(failures), began);
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Switched off, changed or shut down.
        }
        catch (Exception e)
        {
            LogBroke(parts.Logger, e, Route.Server.Id);
        }
        finally
        {
            Dispose();
            onForgotten();
        }
    }

    /// <summary>The list that was last saved, until the first reading. One from before the server's last edit may be another server's.</summary>
    private async Task RecallAsync()
    {
        try
        {
            ServerCatalog? stored = await parts.Store.FindAsync(Route.Organization.Id, Route.Server.Id, _stopping.Token);
            if (stored is null || stored.ReadAt < Route.Server.UpdatedAt) return;
            _savedAt = stored.ReadAt;
            Learn(new KnownCatalog(stored, null, new object()));
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            LogStoreFailed(parts.Logger, e, Route.Server.Id);
        }
    }

    /// <summary>True when the list was read.</summary>
    private async Task<bool> RefreshAsync()
    {
        // Who has no list at all does not queue behind servers that are being asked again and hang.
        bool queues = Known is not null;
        if (queues) await parts.Turns.WaitAsync(_stopping.Token);
        try
        {
            ServerRoute route = Route;
            DateTimeOffset began = Instant.Now(parts.Time);
            ServerCatalog read = await parts.Reader.ReadAsync(route.Server, route.Credential, _stopping.Token);
            // First, so that no client is told of a list before somebody had a look at it.
            if (parts.OnRead is { } onRead) await onRead(route, read, began, _stopping.Token);
            await AcceptAsync(read);
            return true;
        }
        catch (CatalogException e)
        {
            KnownCatalog? before = Known;
            if (before?.Failure?.Reason != e.Reason) LogNotRead(parts.Logger, e.InnerException, Route.Server.Id, e.Reason);
            Learn(new KnownCatalog(before?.Catalog, e, before?.Content ?? new object()));
            return false;
        }
        finally
        {
            if (queues) parts.Turns.Release();
        }
    }

    private async Task AcceptAsync(ServerCatalog read)
    {
        KnownCatalog? known = Known;
        ServerCatalog? before = known?.Catalog;
        CatalogKinds kinds = CatalogChanges.Between(before, read);
        bool isSame = kinds is CatalogKinds.None && before is not null && before.Instructions == read.Instructions && before.CapabilitiesJson.Span.SequenceEqual(read.CapabilitiesJson.Span);
        // Of an unchanged list the old objects stay, and with them what was compiled from them.
        Learn(isSame
            ? new KnownCatalog(before! with { ReadAt = read.ReadAt, TimeToLive = read.TimeToLive }, null, known!.Content)
            : new KnownCatalog(read, null, new object()));
        if (!isSame) _offersNoWatch = false;
        parts.Changes.Publish(new CatalogChange(Route.Organization.Id, Route.Server.Id, kinds));
        if (!isSame || _savedAt < Route.Server.UpdatedAt || read.ReadAt - _savedAt > SaveEvery) await SaveAsync(read);
    }

    private async Task SaveAsync(ServerCatalog catalog)
    {
        try
        {
            await parts.Store.SaveAsync(Route.Organization.Id, catalog, _stopping.Token);
            _savedAt = catalog.ReadAt;
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            LogStoreFailed(parts.Logger, e, Route.Server.Id);
        }
    }

    private void StartWatching()
    {
        if (!IsWarm || _offersNoWatch || !_watching.IsCompleted || Known?.Catalog is not { } catalog || !CatalogReader.TellsChanges(catalog)) return;
        _watch = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _watching = WatchAsync(_watch.Token);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        for (int failures = 1; IsWarm && !cancellationToken.IsCancellationRequested; failures++)
        {
            long began = parts.Time.GetTimestamp();
            try
            {
                ServerRoute route = Route;
                _offersNoWatch = !await parts.Reader.WatchAsync(route.Server, route.Credential, Doubt, cancellationToken);
                if (_offersNoWatch) return;
            }
            catch (CatalogException e)
            {
                LogWatchEnded(parts.Logger, Route.Server.Id, e.Reason);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (parts.Time.GetElapsedTime(began) > LongestBackOff) failures = 1;
            await Task.Delay(BackOff(failures), parts.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Learn(KnownCatalog known)
    {
        Volatile.Write(ref _known, known);
        _firstKnown.TrySetResult();
    }

    private async Task WaitAsync(TimeSpan delay, long began)
    {
        Task hurry = Volatile.Read(ref _hurry).Task;
        // Asked for after this turn's reading had begun.
        if (Volatile.Read(ref _asked) is not null) return;
        try
        {
            await Task.WhenAny(Volatile.Read(ref _doubt).Task, hurry).WaitAsync(delay, parts.Time, _stopping.Token);
            // However often a server says that it changed.
            TimeSpan pause = DoubtPause - parts.Time.GetElapsedTime(began);
            if (pause > TimeSpan.Zero) await hurry.WaitAsync(pause, parts.Time, _stopping.Token);
        }
        catch (TimeoutException)
        {
            // It is time.
        }
    }

    private bool IsWanted() => IsWarm || parts.Time.GetElapsedTime(Volatile.Read(ref _lastUsed)) < ForgetAfter;

    private TimeSpan FreshFor()
    {
        TimeSpan said = Known?.Catalog?.TimeToLive ?? Interval;
        return Jitter(said < ShortestInterval ? ShortestInterval : said > Interval ? Interval : said);
    }

    private static TimeSpan BackOff(int failures) => Jitter(TimeSpan.FromSeconds(Math.Min(LongestBackOff.TotalSeconds, Math.Pow(2, failures))));

    /// <summary>A little earlier each: replicas and servers that began together shall not stay together.</summary>
    private static TimeSpan Jitter(TimeSpan longest) => longest * (1 - 0.2 * Random.Shared.NextDouble());

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(1322, LogLevel.Warning, "The catalogue of server {Server} could not be read ({Reason}).")]
    private static partial void LogNotRead(ILogger logger, Exception? exception, ServerId server, string reason);

    [LoggerMessage(1323, LogLevel.Warning, "The stored catalogue of server {Server} could not be read or written.")]
    private static partial void LogStoreFailed(ILogger logger, Exception exception, ServerId server);

    [LoggerMessage(1324, LogLevel.Debug, "The connection on which server {Server} tells of changes ended ({Reason}).")]
    private static partial void LogWatchEnded(ILogger logger, ServerId server, string reason);

    [LoggerMessage(1325, LogLevel.Error, "Keeping the catalogue of server {Server} failed.")]
    private static partial void LogBroke(ILogger logger, Exception exception, ServerId server);
}
