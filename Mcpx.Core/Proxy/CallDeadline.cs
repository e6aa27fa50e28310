using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// The clocks of one forwarded call: the time to the first byte, the time between bytes, the whole call's time, and the
/// client's patience, as one token. Which of them fired shows in whether the client's own token did.
/// </summary>
public sealed class CallDeadline : IDisposable
{
    /// <summary>A call that finds out whether a server is well again must not keep the others waiting for long.</summary>
    public static TimeSpan ProbesFirstByte { get; } = TimeSpan.FromSeconds(10);

    public static TimeSpan Idle { get; } = TimeSpan.FromSeconds(60);

    private static TimeSpan Forever { get; } = TimeSpan.FromDays(30);

    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientGone;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly TimeSpan _total;
    private readonly TimeSpan _idle;

    private CallDeadline(TimeProvider time, TimeSpan firstByte, TimeSpan total, TimeSpan idle, CancellationToken clientGone)
    {
        _time = time;
        _total = total;
        _idle = idle;
        _started = time.GetTimestamp();
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientGone = clientGone.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        Expect(firstByte);
    }

    /// <param name="isProbe">The call finds out whether the server is well again (<see cref="Health.Admission.Granted.IsProbe"/>).</param>
    public static CallDeadline ForCall(TimeProvider time, UpstreamServer server, bool isProbe, CancellationToken clientGone)
    {
        TimeSpan firstByte = FirstByteOf(server);
        return new(time, isProbe && firstByte > ProbesFirstByte ? ProbesFirstByte : firstByte, TimeSpan.FromSeconds(server.TimeoutSeconds), Idle, clientGone);
    }

    /// <summary>For an exchange of the gateway's own with a server, beside calls.</summary>
    public static CallDeadline ForExchange(TimeProvider time, TimeSpan total, CancellationToken cancelled) => new(time, total, total, total, cancelled);

    /// <summary>For a stream that stands open until one side ends it: only its opening is timed.</summary>
    public static CallDeadline ForStream(TimeProvider time, UpstreamServer server, CancellationToken clientGone) =>
        new(time, FirstByteOf(server), Forever, Forever, clientGone);

    public CancellationToken Token => _source.Token;

    /// <summary>True for a stream that may be silent for days.</summary>
    public bool IsOpenEnded => _idle == Forever;

    /// <summary>Something came; the next piece may take as long as silence is allowed.</summary>
    public void ExpectMore() => Expect(_idle);

    /// <summary>Nobody waits any more.</summary>
    public void GiveUp() => _source.Cancel();

    private static TimeSpan FirstByteOf(UpstreamServer server) => TimeSpan.FromSeconds(server.Limits.FirstByteSeconds);

    /// <summary>The next step may take so long, and the whole call no longer than its total.</summary>
    private void Expect(TimeSpan patience)
    {
        TimeSpan left = _total - _time.GetElapsedTime(_started);
        TimeSpan wait = patience < left ? patience : left;
        if (!_source.IsCancellationRequested)
            _source.CancelAfter(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }

    public void Dispose()
    {
        _clientGone.Dispose();
        _source.Dispose();
    }
}
