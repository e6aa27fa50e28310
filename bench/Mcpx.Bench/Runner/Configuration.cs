using Mcpx.Bench.Accounting;
using Mcpx.Bench.Baselines;
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
    public const string Nginx = "nginx";
    public const string Mcpx = "mcpx";
    public const string McpxMetadata = "mcpx-metadata";
    public const string BridgeToSession = "bridge-to-session";
    public const string BridgeToStateless = "bridge-to-stateless";
    public const string Virtual = "virtual";
    public const string VirtualBridge = "virtual-bridge";

    private const string OtherPrefix = "other-";

    private static readonly string[] Gateways = [Mcpx, McpxMetadata, BridgeToSession, BridgeToStateless, Virtual, VirtualBridge];

    /// <summary>All but the peers, which have to be asked for.</summary>
    public static IReadOnlyList<string> All { get; } = [Direct, Passthrough, Nginx, .. Gateways];

    /// <summary>Children do the proxy's work, too: all of them are counted.</summary>
    public bool WholeTree { get; init; }

    /// <summary>Where what stands behind the proxy is not the common upstream: the calls that it has counted.</summary>
    public Func<long>? OwnCalls { get; init; }

    /// <summary>Of a proxy that is not ours.</summary>
    public string? Version { get; init; }

    /// <summary>The ways through the gateway, which all lead through one process.</summary>
    public static bool IsGateways(string name) => Gateways.Contains(name);

    /// <summary>The same way through the gateway that the run is compared with.</summary>
    public static string OfOther(string name) => OtherPrefix + name;

    /// <summary>The ways whose cost is compared with more than a call of the usual size.</summary>
    public static bool IsBasic(string name) => name is Direct or Passthrough or Nginx or Mcpx or McpxMetadata || name == OfOther(Mcpx) || name == OfOther(McpxMetadata);

    public static bool IsPeer(string name) => Peer.All.Contains(name);

    public CpuMeter? Meter() => ProcessId is not { } id ? null : WholeTree ? CpuMeter.OfTrees([id]) : CpuMeter.OfProcess(id);

    /// <summary>The working set; of several processes with what they share divided among them.</summary>
    public long? ResidentBytes() => ProcessId is not { } id ? null
        : WholeTree ? ProcessFiles.Tree(id).Sum(process => ProcessFiles.ProportionalBytes(process) ?? 0)
        : ProcessFiles.ResidentBytes(id) ?? 0;
}
