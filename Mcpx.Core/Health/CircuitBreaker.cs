namespace Mcpx.Core.Health;

/// <summary>What a call entered as: what it reports later counts only while the circuit is still in that turn.</summary>
internal readonly record struct Ticket(int Turn, bool IsProbe);

/// <summary>
/// Spares a server that fails, and its callers the waiting. It opens after five failures in a row, or when half of at
/// least twenty calls within ten seconds fail; stays open for five seconds; then lets one call at a time find out. While
/// those fail too, the pause doubles up to fifteen seconds, counted from the probe's start: a server that is well again
/// is noticed within that time, also when the last probe hung.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider time)
{
    public const int FailuresInARow = 5;
    public const int FewestCalls = 20;

    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    // Held for a few instructions only.
    private readonly Lock _gate = new();
    private readonly FailureWindow _window = new();
    private volatile bool _isClosed = true;
    private int _turn;
    private int _inARow;
    private bool _probing;
    private long _probeStarted;
    private long _openUntil;
    private TimeSpan _pause;
    private DateTimeOffset? _since;
    private string? _lastFailure;
    private DateTimeOffset? _lastFailureAt;

    public CircuitState State
    {
        get
        {
            lock (_gate)
            {
                CircuitPhase phase = _isClosed ? CircuitPhase.Closed : time.GetTimestamp() < _openUntil ? CircuitPhase.Open : CircuitPhase.HalfOpen;
                return new CircuitState(phase, _since, _lastFailure, _lastFailureAt);
            }
        }
    }

    /// <param name="mayProbe">False for a call that says too late, or never, how it went.</param>
    /// <param name="wait">When refused: how long it stays so.</param>
    public bool TryEnter(bool mayProbe, out Ticket ticket, out TimeSpan wait)
    {
        wait = default;
        if (_isClosed)
        {
            // Read behind the flag: a turn that began in between makes this call's word count for nothing.
            ticket = new Ticket(Volatile.Read(ref _turn), IsProbe: false);
            return true;
        }

        lock (_gate)
        {
            long now = time.GetTimestamp();
            ticket = new Ticket(_turn, IsProbe: !_isClosed);
            if (_isClosed) return true;
            wait = now < _openUntil ? time.GetElapsedTime(now, _openUntil) : FirstPause;
            if (now < _openUntil || _probing || !mayProbe) return false;
            _probing = true;
            _probeStarted = now;
            return true;
        }
    }

    public void Succeeded(Ticket ticket)
    {
        lock (_gate)
        {
            if (ticket.Turn != _turn) return;
            if (ticket.IsProbe) Close();
            else if (_isClosed) Count(failed: false);
        }
    }

    public void Failed(Ticket ticket, string why)
    {
        lock (_gate)
        {
            _lastFailure = why;
            _lastFailureAt = time.GetUtcNow();
            if (ticket.Turn != _turn) return;
            if (ticket.IsProbe) Open(_probeStarted, _pause * 2);
            else if (_isClosed && Count(failed: true)) Open(time.GetTimestamp(), FirstPause);
        }
    }

    /// <summary>The call ended without a word; a probe's turn goes to the next.</summary>
    public void Abandoned(Ticket ticket)
    {
        if (!ticket.IsProbe) return;
        lock (_gate)
        {
            if (ticket.Turn == _turn) _probing = false;
        }
    }

    /// <summary>True when that was one failure too many.</summary>
    private bool Count(bool failed)
    {
        long second = time.GetTimestamp() / time.TimestampFrequency;
        _window.Add(second, failed);
        _inARow = failed ? _inARow + 1 : 0;
        if (!failed) return false;
        if (_inARow >= FailuresInARow) return true;
        (int calls, int failures) = _window.Sum(second);
        return calls >= FewestCalls && failures * 2 >= calls;
    }

    private void Open(long from, TimeSpan pause)
    {
        if (_isClosed) _since = time.GetUtcNow();
        _pause = pause < LongestPause ? pause : LongestPause;
        _openUntil = from + (long)(_pause.TotalSeconds * time.TimestampFrequency);
        _probing = false;
        _isClosed = false;
        _turn++;
    }

    private void Close()
    {
        _since = time.GetUtcNow();
        _window.Clear();
        _inARow = 0;
        _probing = false;
        _turn++;
        _isClosed = true;
    }
}
