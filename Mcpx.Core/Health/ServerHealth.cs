using Mcpx.Core.Servers;

namespace Mcpx.Core.Health;

/// <summary>How a server is doing, in the words of every door.</summary>
public enum ServerState
{
    /// <summary>Switched off by a person: every call is refused.</summary>
    Off,

    /// <summary>Calls pass.</summary>
    On,

    /// <summary>It failed too often, and no call has succeeded since.</summary>
    Failing,
}

/// <summary>How a server is doing, as this replica sees it.</summary>
/// <param name="Circuit">Whether calls pass, are refused for a while, or find out whether it is well again.</param>
/// <param name="Since">When its calls last began to fail or to pass again; null when they never failed.</param>
/// <param name="LastFailure">Why a call last failed; null when none did. It stays when the server is well again.</param>
public sealed record ServerHealth(ServerState State, CircuitPhase Circuit, DateTimeOffset? Since, string? LastFailure, DateTimeOffset? LastFailureAt)
{
    public static ServerHealth Of(UpstreamServer server, CircuitState circuit) => new(
        !server.Enabled ? ServerState.Off : circuit.Phase is CircuitPhase.Closed ? ServerState.On : ServerState.Failing,
        circuit.Phase, circuit.Since, circuit.LastFailure, circuit.LastFailureAt);
}
