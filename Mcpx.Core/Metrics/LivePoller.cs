namespace Mcpx.Core.Metrics;

/// <summary>Reads an organisation's figures once a second and tells everybody who listens, each the range that they look at.</summary>
internal sealed class LivePoller : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly LiveReader _reader;
    private readonly Action<Exception> _onFailure;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly SemaphoreSlim _due = new(1);
    private volatile Listener[] _listeners = [];
    private volatile IReadOnlyDictionary<TimeSpan, LiveFrame> _latest = new Dictionary<TimeSpan, LiveFrame>();
    private bool _failing;

    private LivePoller(LiveReader reader, Action<Exception> onFailure)
    {
        _reader = reader;
        _onFailure = onFailure;
        _stopped = _stop.Token;
    }

    /// <param name="first">Who listens from the beginning.</param>
    public static LivePoller Start(LiveReader reader, TimeProvider time, Action<Exception> onFailure, Listener first)
    {
        LivePoller poller = new(reader, onFailure) { _listeners = [first] };
        _ = Task.Run(() => poller.RunAsync(time));
        return poller;
    }

    /// <summary>Not from several threads at once; the same holds for <see cref="Remove"/>.</summary>
    public void Add(Listener listener)
    {
        _listeners = [.. _listeners, listener];
        if (_latest.TryGetValue(listener.Range, out LiveFrame? frame)) listener.OnFrame(frame);
        else Wake();
    }

    /// <summary>True when nobody listens any more.</summary>
    public bool Remove(Listener listener)
    {
        _listeners = [.. _listeners.Where(l => l != listener)];
        return _listeners.Length == 0;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(TimeProvider time)
    {
        await using ITimer timer = time.CreateTimer(_ => Wake(), null, Interval, Interval);
        try
        {
            while (true)
            {
                await _due.WaitAsync(_stopped);
                // A turn that came just when it was stopped is one for nobody.
                _stopped.ThrowIfCancellationRequested();
                await PollAsync();
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    /// <summary>One turn that waits is enough, however slow the one before it is.</summary>
    private void Wake()
    {
        lock (_due)
        {
            if (_due.CurrentCount == 0) _due.Release();
        }
    }

    private async Task PollAsync()
    {
        Listener[] listeners = _listeners;
        TimeSpan[] ranges = [.. listeners.Select(l => l.Range).Distinct()];
        try
        {
            _latest = await _reader.ReadAsync(ranges, _stopped);
            _failing = false;
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopped.IsCancellationRequested)
        {
            // Said once per outage, not once per second.
            if (!_failing) _onFailure(e);
            _failing = true;
            _latest = ranges.ToDictionary(r => r, r => (_latest.GetValueOrDefault(r) ?? LiveFrame.Unknown(LiveSteps.StepOf(r))) with { Stale = true });
        }

        // Who came meanwhile has a turn of their own.
        foreach (Listener listener in listeners)
        {
            if (_listeners.Contains(listener)) listener.OnFrame(_latest[listener.Range]);
        }
    }

    /// <summary>Somebody who looks at a range.</summary>
    internal sealed class Listener(TimeSpan range, Action<LiveFrame> onFrame)
    {
        public TimeSpan Range => range;

        public void OnFrame(LiveFrame frame) => onFrame(frame);
    }
}
