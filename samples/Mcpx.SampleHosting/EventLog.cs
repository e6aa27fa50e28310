using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.SampleHosting;

/// <summary>
/// Resumption (MCP 2025-11-25, Transports, "Resumability and Redelivery"): what a session's streams carried, so that a
/// client whose connection broke comes back with <c>Last-Event-ID</c>. It keeps everything until the session ends.
/// </summary>
internal sealed class EventLog : ISseEventStreamStore
{
    private readonly ConcurrentDictionary<string, Recording> _recordings = new(StringComparer.Ordinal);
    private int _count;

    public ValueTask<ISseEventStreamWriter> CreateStreamAsync(SseEventStreamOptions options, CancellationToken cancellationToken = default)
    {
        // Numbered, not named after the request's id: that one is the client's to choose, line breaks included.
        var name = string.Create(CultureInfo.InvariantCulture, $"{options.SessionId}-{Interlocked.Increment(ref _count)}");
        var recording = new Recording(name, options);
        _recordings[name] = recording;
        return ValueTask.FromResult<ISseEventStreamWriter>(recording);
    }

    public ValueTask<ISseEventStreamReader?> GetStreamReaderAsync(string lastEventId, CancellationToken cancellationToken = default)
    {
        var dash = lastEventId.LastIndexOf('-');
        var reader = dash > 0
            && int.TryParse(lastEventId.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seen)
            && _recordings.TryGetValue(lastEventId[..dash], out var recording)
            ? recording.ReaderAfter(seen)
            : null;
        return ValueTask.FromResult(reader);
    }

    public void Forget(string session)
    {
        foreach (var (name, recording) in _recordings)
        {
            if (recording.Session == session)
                _recordings.TryRemove(name, out _);
        }
    }

    private sealed class Recording(string name, SseEventStreamOptions options) : ISseEventStreamWriter
    {
        private readonly Lock _lock = new();
        private readonly List<SseItem<JsonRpcMessage?>> _events = [];
        private SseEventStreamMode _mode = options.Mode;
        private bool _isComplete;
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Session => options.SessionId;

        public ValueTask SetModeAsync(SseEventStreamMode mode, CancellationToken cancellationToken = default)
        {
            Change(() => _mode = mode);
            return ValueTask.CompletedTask;
        }

        public ValueTask<SseItem<JsonRpcMessage?>> WriteEventAsync(SseItem<JsonRpcMessage?> sseItem, CancellationToken cancellationToken = default)
        {
            var numbered = default(SseItem<JsonRpcMessage?>);
            Change(() =>
            {
                numbered = new SseItem<JsonRpcMessage?>(sseItem.Data, sseItem.EventType)
                {
                    EventId = string.Create(CultureInfo.InvariantCulture, $"{name}-{_events.Count + 1}"),
                    ReconnectionInterval = sseItem.ReconnectionInterval,
                };
                _events.Add(numbered);
            });
            return ValueTask.FromResult(numbered);
        }

        public ValueTask DisposeAsync()
        {
            Change(() => _isComplete = true);
            return ValueTask.CompletedTask;
        }

        public ISseEventStreamReader ReaderAfter(int seen) => new Reader(this, options, seen);

        /// <summary>The next event, or a task that ends when there may be one; neither at the stream's end.</summary>
        public (SseItem<JsonRpcMessage?>? Event, Task? Wait) Next(int seen, bool gaveSome)
        {
            lock (_lock)
            {
                if (seen < _events.Count)
                    return (_events[seen], null);
                // A polling client is sent away as soon as it has something, to come back later.
                return _isComplete || (gaveSome && _mode is SseEventStreamMode.Polling) ? (null, null) : (null, _changed.Task);
            }
        }

        private void Change(Action change)
        {
            TaskCompletionSource changed;
            lock (_lock)
            {
                change();
                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
        }
    }

    private sealed class Reader(Recording recording, SseEventStreamOptions options, int seen) : ISseEventStreamReader
    {
        public string SessionId => options.SessionId;

        public string StreamId => options.StreamId;

        public async IAsyncEnumerable<SseItem<JsonRpcMessage?>> ReadEventsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var at = seen;
            while (true)
            {
                var (@event, wait) = recording.Next(at, gaveSome: at > seen);
                if (@event is { } item)
                {
                    at++;
                    yield return item;
                }
                else if (wait is not null)
                {
                    await wait.WaitAsync(cancellationToken);
                }
                else
                {
                    yield break;
                }
            }
        }
    }
}
