using System.Text.Json;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// Carries messages from one era of the protocol into the other. What both eras know passes byte for byte; only what one
/// of them requires or refuses is changed.
/// </summary>
public static class Translation
{
    public const string VersionKey = "io.modelcontextprotocol/protocolVersion";
    public const string ClientInfoKey = "io.modelcontextprotocol/clientInfo";
    public const string CapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
    public const string LogLevelKey = "io.modelcontextprotocol/logLevel";
    public const string SubscriptionKey = "io.modelcontextprotocol/subscriptionId";
    public const string ServerInfoKey = "io.modelcontextprotocol/serverInfo";

    /// <summary>In the session era's code for it, which 2026-07-28 merged into "invalid params".</summary>
    public const int ResourceNotFound = -32002;

    private static readonly byte[] Complete = "\"complete\""u8.ToArray();
    private static readonly byte[] Private = "\"private\""u8.ToArray();
    private static readonly byte[] Zero = "0"u8.ToArray();
    private static readonly byte[] InvalidParams = "-32602"u8.ToArray();

    /// <summary>A session-era request for a stateless server: each request says who asks (MCP 2026-07-28, "Per-request protocol fields").</summary>
    /// <param name="logLevel">What <c>logging/setLevel</c> asked for; null when it did not.</param>
    /// <param name="more">What else is to be changed.</param>
    public static ReadOnlyMemory<byte> ToStateless(ReadOnlyMemory<byte> request, ClientSession client, string? logLevel, params ReadOnlySpan<JsonChange> more) =>
        Edit(request,
        [
            JsonChange.Set(ProtocolVersions.Stateless, "params", "_meta", VersionKey),
            JsonChange.Set(client.ClientInfo, "params", "_meta", ClientInfoKey),
            JsonChange.Set(client.Capabilities, "params", "_meta", CapabilitiesKey),
            logLevel is null ? JsonChange.Remove("params", "_meta", LogLevelKey) : JsonChange.Set(logLevel, "params", "_meta", LogLevelKey),
            .. more,
        ]);

    /// <summary>
    /// A stateless server's answer for a session-era client: some validate strictly and refuse members that their revision
    /// does not know.
    /// </summary>
    public static ReadOnlyMemory<byte> FromStateless(UpstreamMessage answer, params ReadOnlySpan<JsonChange> more) => answer.Kind is AnswerKind.Error
        ? Edit(answer.Json, more)
        : Edit(answer.Json,
        [
            JsonChange.Remove("result", "resultType"),
            JsonChange.Remove("result", "ttlMs"),
            JsonChange.Remove("result", "cacheScope"),
            JsonChange.Remove("result", "_meta", ServerInfoKey),
            .. more,
        ]);

    /// <summary>A stateless request for a session-era server, which knows who asks from its session.</summary>
    public static ReadOnlyMemory<byte> ToSession(ReadOnlyMemory<byte> request, params ReadOnlySpan<JsonChange> more) => Edit(request,
    [
        JsonChange.Remove("params", "_meta", VersionKey),
        JsonChange.Remove("params", "_meta", ClientInfoKey),
        JsonChange.Remove("params", "_meta", CapabilitiesKey),
        JsonChange.Remove("params", "_meta", LogLevelKey),
        .. more,
    ]);

    /// <summary>A session-era server's answer for a stateless client, with the members that its revision requires.</summary>
    /// <param name="method">What was asked: lists and readings say how long they may be taken for fresh.</param>
    public static ReadOnlyMemory<byte> FromSession(UpstreamMessage answer, string method, params ReadOnlySpan<JsonChange> more)
    {
        if (answer.Kind is AnswerKind.Error)
        {
            return ErrorCodeOf(answer) == ResourceNotFound
                ? Edit(answer.Json, [JsonChange.Set(InvalidParams, "error", "code"), .. more])
                : Edit(answer.Json, more);
        }

        return IsCacheable(method)
            ? Edit(answer.Json,
            [
                JsonChange.Set(Complete, "result", "resultType"),
                // The server said nothing of it, so nothing is promised.
                JsonChange.Set(Zero, "result", "ttlMs"),
                JsonChange.Set(Private, "result", "cacheScope"),
                .. more,
            ])
            : Edit(answer.Json, [JsonChange.Set(Complete, "result", "resultType"), .. more]);
    }

    /// <summary>MCP 2026-07-28, "Caching": the results that carry <c>ttlMs</c> and <c>cacheScope</c>.</summary>
    public static bool IsCacheable(string method) => method is RequestMethods.ToolsList or RequestMethods.PromptsList or RequestMethods.ResourcesList
        or RequestMethods.ResourcesTemplatesList or RequestMethods.ResourcesRead or RequestMethods.ServerDiscover;

    public static int? ErrorCodeOf(UpstreamMessage answer) =>
        JsonEdit.Find(answer.Json, "error", "code") is { } code && int.TryParse(code.Span, out int number) ? number : null;

    /// <exception cref="UpstreamAnswerException">The message has not the shape that its kind must have.</exception>
    public static ReadOnlyMemory<byte> Edit(ReadOnlyMemory<byte> message, params ReadOnlySpan<JsonChange> changes)
    {
        if (changes.IsEmpty) return message;
        try
        {
            return JsonEdit.Apply(message.Span, changes);
        }
        catch (JsonException)
        {
            throw new UpstreamAnswerException("A message has not the shape that the protocol gives it.");
        }
    }
}
