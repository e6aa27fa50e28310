using Mcpx.Bench.Load;

namespace Mcpx.Bench.Runner;

/// <summary>One way to the upstream. The process between is null when there is none.</summary>
/// <param name="Name">As the report calls it.</param>
/// <param name="Target">Where its calls go.</param>
/// <param name="ProcessId">The proxy that is measured.</param>
/// <param name="DatabaseRoots">Roots of the process trees that work for it and are reported apart.</param>
/// <param name="Settle">How long it must be quiet after a stretch of load until its work counts as done.</param>
internal sealed record Configuration(
    string Name, LoadTarget Target, int? ProcessId, Func<IReadOnlyCollection<int>>? DatabaseRoots, TimeSpan Settle)
{
    public const string Direct = "direct";
    public const string Passthrough = "passthrough";
    public const string Mcpx = "mcpx";
    public const string BridgeToSession = "bridge-to-session";
    public const string BridgeToStateless = "bridge-to-stateless";
    public const string Virtual = "virtual";
    public const string VirtualBridge = "virtual-bridge";

    public static IReadOnlyList<string> All { get; } =
        [Direct, Passthrough, Mcpx, BridgeToSession, BridgeToStateless, Virtual, VirtualBridge];

    /// <summary>The ways through the gateway, which all lead through one process.</summary>
    public static bool IsGateways(string name) => name is not (Direct or Passthrough);
}
