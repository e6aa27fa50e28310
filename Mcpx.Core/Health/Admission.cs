namespace Mcpx.Core.Health;

/// <summary>Whether a call may go to its server now.</summary>
public abstract class Admission
{
    private Admission()
    {
    }

    /// <summary>
    /// It may, and holds its place until this is disposed. Say how it went as soon as that is known, by the first good
    /// bytes at the latest: other calls may be waiting for it. Who says nothing (the client went away, we refused the
    /// call ourselves) is not counted; only what is said first is.
    /// </summary>
    public sealed class Granted : Admission, IDisposable
    {
        private readonly UpstreamState _state;
        private readonly Ticket _ticket;
        private readonly bool _standing;
        private int _told;
        private int _left;

        internal Granted(UpstreamState state, Ticket ticket, bool standing)
        {
            _state = state;
            _ticket = ticket;
            _standing = standing;
        }

        /// <summary>True for the one call that finds out whether a server is well again; it should not wait long.</summary>
        public bool IsProbe => _ticket.IsProbe;

        /// <summary>The server answered, whatever it said: a tool's error is an answer too.</summary>
        public void Succeeded()
        {
            if (Interlocked.Exchange(ref _told, 1) == 0) _state.Breaker.Succeeded(_ticket);
        }

        /// <summary>Unreachable, too late, not the protocol, or an HTTP error from 500 on without a message.</summary>
        /// <param name="why">For the operator's page; no secrets.</param>
        public void Failed(string why)
        {
            if (Interlocked.Exchange(ref _told, 1) == 0) _state.Breaker.Failed(_ticket, why);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) != 0) return;
            if (Interlocked.Exchange(ref _told, 1) == 0) _state.Breaker.Abandoned(_ticket);
            _state.PlacesFor(_standing).Leave();
        }
    }

    /// <summary>It may not; nothing was sent.</summary>
    /// <param name="reason"><see cref="CircuitOpen"/> or <see cref="ServerBusy"/>.</param>
    /// <param name="retryAfter">When it is worth trying again, whole seconds.</param>
    /// <param name="sentence">For the caller and the record.</param>
    public sealed class Refused(string reason, TimeSpan retryAfter, string sentence) : Admission
    {
        public const string CircuitOpen = "circuit_open";
        public const string ServerBusy = "server_busy";

        public string Reason { get; } = reason;

        public TimeSpan RetryAfter { get; } = retryAfter;

        public string Sentence { get; } = sentence;
    }
}
