using System.Collections.Concurrent;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Health;

/// <summary>
/// Stands in front of each server, for this replica: a breaker for one that fails, and a bulkhead, so that one that is slow
/// holds up no more calls than it may (<see cref="UpstreamLimits.ConcurrentCalls"/>). Keyed by organisation and server,
/// never by host: what one tenant's server does is no other tenant's business.
/// </summary>
public sealed class UpstreamGuard(TimeProvider time)
{
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromHours(1);
    private static readonly TimeSpan BusyFor = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(OrganizationId, ServerId), UpstreamState> _states = new();

    /// <param name="standing">
    /// A stream that stays open (GET, <c>subscriptions/listen</c>): it has a bulkhead of its own, of the same size, and is
    /// never the probe of an open circuit.
    /// </param>
    public Admission Enter(UpstreamServer server, bool standing = false)
    {
        UpstreamState state = StateFor((server.Organization, server.Id));
        if (!state.Breaker.TryEnter(mayProbe: !standing, out Ticket ticket, out TimeSpan wait))
        {
            return new Admission.Refused(Admission.Refused.CircuitOpen, TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(wait.TotalSeconds))),
                $"The server “{server.Slug}” failed repeatedly and is left alone for a moment.");
        }

        if (state.PlacesFor(standing).TryEnter(server.Limits.ConcurrentCalls)) return new Admission.Granted(state, ticket, standing);
        state.Breaker.Abandoned(ticket);
        return new Admission.Refused(Admission.Refused.ServerBusy, BusyFor, standing
            ? $"As many streams as the server “{server.Slug}” may have are open."
            : $"As many calls as the server “{server.Slug}” may have are under way.");
    }

    public CircuitState StateOf(OrganizationId organization, ServerId server) =>
        _states.TryGetValue((organization, server), out UpstreamState? state) ? state.Breaker.State : CircuitState.Untouched;

    private UpstreamState StateFor((OrganizationId, ServerId) key)
    {
        if (!_states.TryGetValue(key, out UpstreamState? state))
        {
            ForgetUnused();
            state = _states.GetOrAdd(key, static (_, time) => new UpstreamState(time), time);
        }

        Volatile.Write(ref state.LastUsed, time.GetTimestamp());
        return state;
    }

    private void ForgetUnused()
    {
        foreach (((OrganizationId, ServerId) key, UpstreamState state) in _states)
        {
            if (state.IsEmpty && time.GetElapsedTime(Volatile.Read(ref state.LastUsed)) > ForgetAfter)
                _states.TryRemove(key, out _);
        }
    }
}

/// <summary>What is known of the way to one server.</summary>
internal sealed class UpstreamState(TimeProvider time)
{
    private readonly Places _calls = new();
    private readonly Places _streams = new();

    public long LastUsed = time.GetTimestamp();

    public CircuitBreaker Breaker { get; } = new(time);

    public bool IsEmpty => _calls.Taken == 0 && _streams.Taken == 0;

    public Places PlacesFor(bool standing) => standing ? _streams : _calls;
}
