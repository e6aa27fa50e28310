using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// What this replica keeps of session-era clients' sessions with the gateway itself: what is under way, and what the client
/// asked to be told. A session that is not here is served all the same; its handle says what is needed.
/// </summary>
public sealed class ClientSessions(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    /// <summary>Sessions remembered at once on one replica; beyond it the longest unused are forgotten, and served all the same.</summary>
    public const int Most = 100_000;

    private readonly ConcurrentDictionary<string, LiveSession> _live = new(StringComparer.Ordinal);

    /// <summary>When the client ended it: its handle opens, but must not serve again.</summary>
    private readonly ConcurrentDictionary<string, long> _ended = new(StringComparer.Ordinal);

    public LiveSession Get(string id)
    {
        if (!_live.TryGetValue(id, out LiveSession? session))
        {
            if (_live.Count >= Most) ForgetOldest();
            session = _live.GetOrAdd(id, _ => new LiveSession());
        }

        session.LastUsed = time.GetTimestamp();
        return session;
    }

    public bool HasEnded(string id) => _ended.ContainsKey(id);

    public void End(string id)
    {
        _ended[id] = time.GetTimestamp();
        if (_live.TryRemove(id, out LiveSession? session)) session.Close();
    }

    /// <summary>A tenth at once, so that a flood of openings does not sort them all each time.</summary>
    private void ForgetOldest()
    {
        foreach ((string id, LiveSession session) in _live.Where(s => s.Value.IsIdle).OrderBy(s => s.Value.LastUsed).Take(Most / 10).ToList())
        {
            if (_live.TryRemove(id, out _)) session.Close();
        }

        if (_ended.Count >= Most) _ended.Clear();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(SweepEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach ((string id, LiveSession session) in _live)
            {
                if (session.IsIdle && time.GetElapsedTime(session.LastUsed) > IdleTime && _live.TryRemove(id, out _)) session.Close();
            }

            foreach ((string id, long at) in _ended)
            {
                if (time.GetElapsedTime(at) > TimeSpan.FromHours(24)) _ended.TryRemove(id, out _);
            }
        }
    }
}

/// <summary>One client session's part in this replica's memory.</summary>
public sealed class LiveSession
{
    private const int MostUnheard = 1000;

    private readonly ConcurrentDictionary<string, CallUnderWay> _underWay = Few<CallUnderWay>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<UpstreamMessage>> _questions = Few<TaskCompletionSource<UpstreamMessage>>();
    private readonly ConcurrentDictionary<string, bool> _subscriptions = Few<bool>();
    private readonly Lock _gate = new();
    private Channel<ReadOnlyMemory<byte>>? _stream;
    private Action<UpstreamSession>? _using;
    private TaskCompletionSource _resubscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _lastUsed;

    /// <summary>Timestamp of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    public bool IsIdle => _underWay.IsEmpty && _stream is null;

    /// <summary>What <c>logging/setLevel</c> asked for; null when it did not.</summary>
    public string? LogLevel { get; set; }

    /// <summary>URIs whose changes the client asked to be told.</summary>
    public IReadOnlyCollection<string> Subscriptions => [.. _subscriptions.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Completes at the next change of <see cref="Subscriptions"/>.</summary>
    public Task Resubscribed => Volatile.Read(ref _resubscribed).Task;

    /// <summary>Called with the session of each call with a server behind, before the call; null while the client does not listen.</summary>
    public Action<UpstreamSession>? Using
    {
        get => Volatile.Read(ref _using);
        set => Volatile.Write(ref _using, value);
    }

    /// <summary>The client does not listen by this any more; by another stream it may.</summary>
    public void NoLongerUsing(Action<UpstreamSession> listener) => Interlocked.CompareExchange(ref _using, null, listener);

    /// <summary>Registers a request that the client may cancel; dispose it when it is answered.</summary>
    public CallUnderWay Begin(string id, CancellationToken clientGone)
    {
        CallUnderWay call = new(done => _underWay.TryRemove(new(id, done)), clientGone);
        _underWay[id] = call;
        return call;
    }

    /// <summary>The request that <c>notifications/cancelled</c> names; null when nothing of that id is under way here.</summary>
    public CallUnderWay? FindUnderWay(string id) => _underWay.GetValueOrDefault(id);

    /// <summary>Asks the client something in the middle of its call; the answer comes with another request.</summary>
    public Task<UpstreamMessage> AskAsync(string id) =>
        _questions.GetOrAdd(id, _ => new TaskCompletionSource<UpstreamMessage>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>False when nobody asked that, or it was answered before.</summary>
    public bool Answer(string id, UpstreamMessage answer) => _questions.TryRemove(id, out TaskCompletionSource<UpstreamMessage>? asked) && asked.TrySetResult(answer);

    public void Forget(string question) => _questions.TryRemove(question, out _);

    public void Subscribe(string uri, bool isOn)
    {
        if (isOn) _subscriptions[uri] = true;
        else _subscriptions.TryRemove(uri, out _);
        Interlocked.Exchange(ref _resubscribed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Opens the standing stream; one that is open already ends, as a client has one at a time.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> OpenStream()
    {
        Channel<ReadOnlyMemory<byte>> stream = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(MostUnheard) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            _stream?.Writer.TryComplete();
            _stream = stream;
        }

        return stream.Reader;
    }

    public void CloseStream(ChannelReader<ReadOnlyMemory<byte>> reader)
    {
        lock (_gate)
        {
            if (_stream?.Reader == reader) _stream = null;
        }
    }

    /// <summary>Tells the client outside of any call; false when it is not listening here.</summary>
    public bool Tell(ReadOnlyMemory<byte> message) => Volatile.Read(ref _stream)?.Writer.TryWrite(message) ?? false;

    public void Close()
    {
        lock (_gate)
            _stream?.Writer.TryComplete();
        foreach (CallUnderWay call in _underWay.Values)
            call.Cancel();
    }

    /// <summary>There are many sessions, and hardly one has more than a few of anything: the framework's default is ten times as large.</summary>
    private static ConcurrentDictionary<string, T> Few<T>() => new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);
}

/// <summary>A client's request while it is served, and the way to stop it.</summary>
public sealed class CallUnderWay : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Action<CallUnderWay> _ended;

    internal CallUnderWay(Action<CallUnderWay> ended, CancellationToken clientGone)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        _ended = ended;
    }

    /// <summary>Cancelled when the client hangs up or cancels.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>True when the client said that it no longer wants the answer.</summary>
    public bool WasCancelled { get; private set; }

    public void Cancel()
    {
        WasCancelled = true;
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was answered in this moment.
        }
    }

    public void Dispose()
    {
        _ended(this);
        _stop.Dispose();
    }
}
