using Mcpx.Core.Servers;

namespace Mcpx.Core.Protocol;

/// <summary>The revisions of the protocol that may appear on the wire.</summary>
public static class ProtocolVersions
{
    public const string Stateless = UpstreamProtocol.StatelessVersion;

    public static IReadOnlyList<string> StatelessEra { get; } = [Stateless];

    /// <summary>
    /// What a header may name after <c>initialize</c>: that negotiation is between client and upstream, so old
    /// revisions are let through though the gateway advertises none of them.
    /// </summary>
    public static IReadOnlyList<string> SessionEra { get; } = UpstreamProtocol.SessionVersions;

    /// <summary>What the gateway itself agrees on in <c>initialize</c>, newest first. 2025-03-26 would oblige it to accept batches.</summary>
    public static IReadOnlyList<string> Advertised { get; } = ["2025-11-25", "2025-06-18"];

    /// <summary>Every revision, newest first, for <c>data.supported</c>.</summary>
    public static IReadOnlyList<string> All { get; } = [.. StatelessEra, .. SessionEra];
}
