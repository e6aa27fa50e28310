using Mcpx.Core.Calls;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Protocol;

/// <summary>The protocol's request headers as they came; null when absent.</summary>
public readonly record struct McpHeaders(string? ProtocolVersion, string? Method, string? Name, string? SessionId);

/// <summary>
/// Decides the era of one request and checks that headers agree with the body. The body decides; headers only have to
/// agree (a router in front may have acted on them).
/// </summary>
public static class EraRules
{
    public static McpError? Check(McpMessage message, in McpHeaders headers, out ProtocolEra era)
    {
        // Clients that found no common version by server/discover send initialize with the header of their last try.
        bool opensSession = message is { Method: RequestMethods.Initialize, MetaProtocolVersion: null };
        bool headerIsStateless = ProtocolVersions.StatelessEra.Contains(headers.ProtocolVersion);
        era = message.MetaProtocolVersion is not null || headerIsStateless && !opensSession ? ProtocolEra.Stateless : ProtocolEra.Session;
        return era is ProtocolEra.Stateless ? CheckStateless(message, headers) : opensSession ? null : CheckSession(headers);
    }

    /// <summary>MCP 2025-11-25, Transports, "Protocol Version Header": an unsupported version gets 400.</summary>
    public static McpError? CheckSession(in McpHeaders headers) =>
        headers.ProtocolVersion is null || ProtocolVersions.SessionEra.Contains(headers.ProtocolVersion) ? null : Unsupported(headers.ProtocolVersion, ProtocolVersions.All);

    /// <summary>MCP 2026-07-28, Transports, "Request headers" and "Per-request metadata".</summary>
    private static McpError? CheckStateless(McpMessage message, in McpHeaders headers)
    {
        string? version = message.MetaProtocolVersion;
        if (message.Kind is McpMessageKind.Request && version is null)
            return new McpError(400, McpErrorCodes.InvalidParams, $"Requests of {ProtocolVersions.Stateless} carry their protocol version in params._meta.");
        if (headers.ProtocolVersion is null) return Mismatch("The header MCP-Protocol-Version is missing.");
        if (version is not null && headers.ProtocolVersion != version)
            return Mismatch("The header MCP-Protocol-Version does not agree with params._meta.");
        // Who names a version in _meta can use none that initialize has to open: what server/discover lists, too.
        if (version is not null && !ProtocolVersions.StatelessEra.Contains(version)) return Unsupported(version, ProtocolVersions.StatelessEra);
        if (message.Kind is McpMessageKind.Request && !message.HasClientCapabilities)
            return new McpError(400, McpErrorCodes.InvalidParams, $"Requests of {ProtocolVersions.Stateless} carry the client's capabilities in params._meta.");
        if (message.Method is null) return null;
        if (headers.Method is null) return Mismatch("The header Mcp-Method is missing.");
        if (headers.Method.Trim() != message.Method) return Mismatch("The header Mcp-Method does not agree with the body.");
        return NamedBy(message) is { } name ? CheckName(name, headers.Name) : null;
    }

    private static McpError? CheckName(string name, string? header)
    {
        if (header is null) return Mismatch("The header Mcp-Name is missing.");
        string? decoded = McpHeaderEncoder.DecodeValue(header.Trim());
        return decoded == name ? null : Mismatch("The header Mcp-Name does not agree with the body.");
    }

    /// <summary>What <c>Mcp-Name</c> repeats for the methods that need it.</summary>
    private static string? NamedBy(McpMessage message) => message.Method switch
    {
        RequestMethods.ToolsCall or RequestMethods.PromptsGet => message.Name,
        RequestMethods.ResourcesRead => message.Uri,
        _ => null,
    };

    private static McpError Mismatch(string message) => new(400, McpErrorCodes.HeaderMismatch, message);

    private static McpError Unsupported(string version, IReadOnlyList<string> supported) => new(400, McpErrorCodes.UnsupportedProtocolVersion, "Unsupported protocol version.",
        new Dictionary<string, object> { ["supported"] = supported, ["requested"] = version });
}
