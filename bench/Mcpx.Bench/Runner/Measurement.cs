namespace Mcpx.Bench.Runner;

/// <summary>One configuration under one scenario in one round. CPU in microseconds per call, latency in microseconds.</summary>
internal sealed record Measurement
{
    public required string Configuration { get; init; }

    public required string Scenario { get; init; }

    public required int Round { get; init; }

    public required long Calls { get; init; }

    /// <summary>Answers that were not the right answer to their call.</summary>
    public required long Failed { get; init; }

    /// <summary>Calls that the upstream counted meanwhile: any other number than <see cref="Calls"/> is a cache, a retry or a loss, and any at all where the gateway answers alone.</summary>
    public required long UpstreamCalls { get; init; }

    public required long WrongCredentials { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }

    public required double CallsPerSecond { get; init; }

    /// <summary>The proxy's process alone; null where there is none.</summary>
    public required double? Cpu { get; init; }

    /// <summary>PostgreSQL's processes, where the proxy has one.</summary>
    public required double? DatabaseCpu { get; init; }

    public required double UpstreamCpu { get; init; }

    public required double GeneratorCpu { get; init; }

    public required double P50 { get; init; }

    public required double P99 { get; init; }

    public required double Max { get; init; }

    /// <summary>How late the generator itself was (p99); 0 in a closed loop.</summary>
    public required double LatenessP99 { get; init; }

    /// <summary>Bytes that the proxy's process allocated, per call; null where there is no such process.</summary>
    public required double? Allocated { get; init; }

    /// <summary>The proxy's working set in bytes, when the load had just ended.</summary>
    public required long? ResidentBytes { get; init; }

    public required bool ReachesUpstream { get; init; }

    public bool Verified => Failed == 0 && UpstreamCalls == (ReachesUpstream ? Calls : 0) && WrongCredentials == 0;
}
