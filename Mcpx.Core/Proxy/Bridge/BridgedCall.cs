using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>One request on its way from a client to a server over a bridge, in the server's own names.</summary>
/// <param name="Body">The request as the server shall see it, but for what the bridge changes.</param>
/// <param name="Name">The tool, prompt or resource, as the server calls it; null for methods without one.</param>
/// <param name="Rewrite">What is still to be changed in the answer; null for nothing.</param>
public sealed record BridgedCall(ProxyContext Context, UpstreamHop Hop, ReadOnlyMemory<byte> Body, string Method, string? Name, AnswerRewrite? Rewrite)
{
    public ReadOnlyMemory<byte> Id => Context.RequestId;

    public ReadOnlyMemory<byte> Rewritten(ReadOnlyMemory<byte> answer) => Rewrite is null ? answer : Rewrite(Context, answer);
}

/// <summary>A session-era client that the gateway itself keeps the session of.</summary>
/// <param name="Live">This replica's memory of it.</param>
public sealed record SessionClient(ClientSession Session, LiveSession Live);
