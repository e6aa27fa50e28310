namespace Mcpx.Core.Metrics;

/// <summary>Reads once a second and tells everybody who listens.</summary>
internal sealed class LivePoller : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly LiveReader _reader;
    private readonly Action<Exception> _onFailure;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private volatile Action<LiveFrame>[] _listeners = [];
    private volatile LiveFrame? _latest;

    private LivePoller(LiveReader reader, Action<Exception> onFailure)
    {
        _reader = reader;
        _onFailure = onFailure;
        _stopped = _stop.Token;
    }

    public static LivePoller Start(LiveReader reader, TimeProvider time, Action<Exception> onFailure)
    {
        LivePoller poller = new(reader, onFailure);
        _ = Task.Run(() => poller.RunAsync(time));
        return poller;
    }

    /// <summary>Not from several threads at once; the same holds for <see cref="Remove"/>.</summary>
    public void Add(Action<LiveFrame> listener)
    {
        _listeners = [.. _listeners, listener];
        if (_latest is { } frame) listener(frame);
    }

    /// <summary>True when nobody listens any more.</summary>
    public bool Remove(Action<LiveFrame> listener)
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
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            do
            {
                await PollAsync();
            }
            while (await timer.WaitForNextTickAsync(_stopped));
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private async Task PollAsync()
    {
        try
        {
            _latest = await _reader.ReadAsync(_stopped);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopped.IsCancellationRequested)
        {
            // Said once per outage, not once per second.
            if (_latest is not { Stale: true }) _onFailure(e);
            _latest = (_latest ?? new LiveFrame(default, _reader.Step, new MetricPoint(default, 0, 0, 0, null, null, null), [], [], Stale: true)) with { Stale = true };
        }

        if (_latest is not { } frame) return;
        foreach (Action<LiveFrame> listener in _listeners)
            listener(frame);
    }
}
