namespace Mcpx.Core.Health;

public enum CircuitPhase
{
    /// <summary>Calls pass.</summary>
    Closed,

    /// <summary>The server failed too often; calls are refused for a while.</summary>
    Open,

    /// <summary>One call at a time may find out whether the server is well again.</summary>
    HalfOpen,
}

/// <summary>The state of the way to one server, as this replica sees it.</summary>
/// <param name="Since">When the circuit last opened or closed; null when it never opened.</param>
/// <param name="LastFailure">Why a call last failed; null when none did. It stays after the circuit has closed.</param>
public sealed record CircuitState(CircuitPhase Phase, DateTimeOffset? Since, string? LastFailure, DateTimeOffset? LastFailureAt)
{
    public static CircuitState Untouched { get; } = new(CircuitPhase.Closed, null, null, null);
}
