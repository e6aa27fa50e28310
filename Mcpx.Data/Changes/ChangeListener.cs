using System.Threading.Channels;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data.Changes;

/// <summary>Hears what other replicas changed, by one LISTEN connection and, should that fail, by a poll.</summary>
internal sealed partial class ChangeListener(
    ScopedContexts contexts, ChangeFeed feed, ChangePoll poll, ReplicaId replica, ILogger<ChangeListener> logger, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Reading configuration may take a second, and revocations must not wait behind it: they don't come through here.
    private readonly Channel<Change> _queue = Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true });

    private int _connections;

    /// <summary>How often a LISTEN connection was made.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(ListenAsync(stoppingToken), PollAsync(stoppingToken), PublishQueuedAsync(stoppingToken));

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        for (int failures = 0; ; failures++)
        {
            try
            {
                await ListenOnceAsync(() => failures = 0, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogConnectionLost(logger, e.Message);
                double pause = Math.Min(LongestPause.TotalMilliseconds, 200 * Math.Pow(2, Math.Min(failures, 10)));
                await Task.Delay(TimeSpan.FromMilliseconds(pause), time, cancellationToken);
            }
        }
    }

    private async Task ListenOnceAsync(Action connected, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await contexts.OpenConnectionAsync(DataScope.Everything, cancellationToken);
        List<Change> heard = [];
        connection.Notification += (_, e) =>
        {
            if (ChangeMessage.Parse(e.Payload) is { } message && message.Replica != replica.Value) heard.Add(message.Change);
        };
        await using (NpgsqlCommand listen = new($"LISTEN {ChangeMessage.Channel}", connection))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        connected();
        Interlocked.Increment(ref _connections);
        // After LISTEN and not before: what changes from here on is heard, what changed until here is read again.
        await DispatchAsync(new Change(ChangeKind.Everything, Guid.Empty));
        while (true)
        {
            await connection.WaitAsync(cancellationToken);
            foreach (Change change in heard)
                await DispatchAsync(change);
            heard.Clear();
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(PollEvery, time);
        do
        {
            try
            {
                foreach (Change change in await poll.LookAsync(cancellationToken))
                    await DispatchAsync(change);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogPollFailed(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async ValueTask DispatchAsync(Change change)
    {
        if (change.Kind is ChangeKind.Configuration or ChangeKind.Everything) _queue.Writer.TryWrite(change);
        else await PublishAsync(change);
    }

    private async Task PublishQueuedAsync(CancellationToken cancellationToken)
    {
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            // Fifty saves in a second are one reading.
            HashSet<Change> waiting = [];
            while (_queue.Reader.TryRead(out Change? change))
                waiting.Add(change);
            if (waiting.FirstOrDefault(c => c.Kind is ChangeKind.Everything) is { } everything)
                waiting = [everything];
            foreach (Change change in waiting)
                await PublishAsync(change);
        }
    }

    private async ValueTask PublishAsync(Change change)
    {
        try
        {
            await feed.PublishAsync(change);
        }
        catch (Exception e)
        {
            // One memory that fails must not make this replica deaf.
            LogSubscriberFailed(logger, e, change.Kind);
        }
    }

    [LoggerMessage(3011, LogLevel.Warning, "Listening for changes of other replicas was interrupted ({Reason}); the poll bridges it.")]
    private static partial void LogConnectionLost(ILogger logger, string reason);

    [LoggerMessage(3012, LogLevel.Warning, "Looking for changes of other replicas failed ({Reason}).")]
    private static partial void LogPollFailed(ILogger logger, string reason);

    [LoggerMessage(3013, LogLevel.Error, "Taking in a change ({Kind}) failed.")]
    private static partial void LogSubscriberFailed(ILogger logger, Exception exception, ChangeKind kind);
}
