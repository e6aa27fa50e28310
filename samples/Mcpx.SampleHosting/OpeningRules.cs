using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.SampleHosting;

/// <summary>What must hold before the SDK sees a message. In order; the first refusal is the answer.</summary>
internal static class OpeningRules
{
    private static readonly Func<Opening, Refusal?>[] InOrder =
    [
        TheVersionIsSpoken,
        HeaderAndBodyNameTheSameVersion,
        TheMethodHeaderMatchesTheBody,
        TheNameHeaderMatchesTheBody,
        ClientCapabilitiesAreDeclared,
        InitializeIsWhole,
    ];

    public static Refusal? Check(Opening opening) => InOrder.Select(rule => rule(opening)).FirstOrDefault(refusal => refusal is not null);

    /// <summary>
    /// How a server of one era refuses an opening of the other: 2025-11-25 has 400 for a version that is not known, in words of
    /// one's own (Transports, "Protocol Version Header"); 2026-07-28 has codes for it (Transports, "Server Validation").
    /// </summary>
    public static Refusal? EraIsServed(ServedEras eras, bool isStateless, string version) => (eras, isStateless) switch
    {
        (ServedEras.Session, true) => Refusal.VersionUnknown(version, Opening.SessionVersions),
        (ServedEras.Stateless, false) => VersionIsOneOf(version, [Opening.StatelessVersion]) ?? Mismatch("the MCP-Protocol-Version header is missing."),
        _ => null,
    };

    /// <summary>Also the rule for GET and DELETE, which have no body.</summary>
    public static Refusal? VersionIsSpoken(string version) => VersionIsOneOf(version, [.. Opening.SessionVersions, Opening.StatelessVersion]);

    private static Refusal? VersionIsOneOf(string version, string[] spoken)
    {
        if (version.Length == 0 || spoken.Contains(version))
            return null;

        var data = new JsonObject { ["supported"] = new JsonArray([.. spoken.Select(each => JsonValue.Create(each))]), ["requested"] = version };
        return Refusal.BadRequest(McpErrorCode.UnsupportedProtocolVersion, $"Unsupported protocol version '{version}'.", data);
    }

    // Who names a version in _meta can use no version that has to be opened by initialize: what server/discover lists.
    private static Refusal? TheVersionIsSpoken(Opening opening) =>
        VersionIsOneOf(opening.HeaderVersion, opening.HeaderVersion == opening.MetaVersion ? [Opening.StatelessVersion] : [.. Opening.SessionVersions, Opening.StatelessVersion]);

    private static Refusal? HeaderAndBodyNameTheSameVersion(Opening opening) => opening switch
    {
        { IsStateless: false } or { Method: null } => null,
        { HeaderVersion: "" } => Mismatch("the MCP-Protocol-Version header is missing but the body names a version."),
        // A notification has nobody to answer to; refused for its form, a cancellation would be lost.
        { MetaVersion: null, Message: JsonRpcNotification } => null,
        { MetaVersion: null } => Refusal.BadRequest(McpErrorCode.InvalidParams, $"params._meta must carry '{MetaKeys.ProtocolVersion}'."),
        _ when opening.HeaderVersion != opening.MetaVersion => Mismatch("MCP-Protocol-Version and the body's _meta name different versions."),
        _ => null,
    };

    private static Refusal? TheMethodHeaderMatchesTheBody(Opening opening) =>
        opening is { IsStateless: true, Method: not null } && opening.Headers["Mcp-Method"].ToString() != opening.Method
            ? Mismatch($"Mcp-Method must be '{opening.Method}', as in the body.")
            : null;

    private static Refusal? TheNameHeaderMatchesTheBody(Opening opening)
    {
        var member = opening.Method switch
        {
            RequestMethods.ToolsCall or RequestMethods.PromptsGet => "name",
            RequestMethods.ResourcesRead => "uri",
            _ => null,
        };
        if (!opening.IsStateless || member is null)
            return null;

        // DecodeValue undoes =?base64?…?= and gives null for broken base64, which then matches nothing.
        var name = Opening.Text(opening.Params?[member]);
        return name is not null && McpHeaderEncoder.DecodeValue(opening.Headers["Mcp-Name"].ToString()) == name
            ? null
            : Mismatch($"Mcp-Name must be the body's params.{member}.");
    }

    private static Refusal? ClientCapabilitiesAreDeclared(Opening opening) =>
        opening is { IsStateless: true, Message: JsonRpcRequest } && opening.Meta?[MetaKeys.ClientCapabilities] is not JsonObject
            ? Refusal.BadRequest(McpErrorCode.InvalidParams, $"params._meta must carry '{MetaKeys.ClientCapabilities}' as an object.")
            : null;

    // The SDK's transport reads these parameters outside its own error handling: a missing member would become a 500.
    private static Refusal? InitializeIsWhole(Opening opening)
    {
        if (opening.IsStateless || !opening.IsInitialize)
            return null;
        try
        {
            if (opening.Params?.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(InitializeRequestParams))) is InitializeRequestParams)
                return null;
        }
        catch (JsonException)
        {
            // The refusal below names what is expected.
        }

        return Refusal.BadRequest(McpErrorCode.InvalidParams, "initialize must carry protocolVersion, capabilities and clientInfo.");
    }

    private static Refusal Mismatch(string message) => Refusal.BadRequest(McpErrorCode.HeaderMismatch, $"Header mismatch: {message}");
}
