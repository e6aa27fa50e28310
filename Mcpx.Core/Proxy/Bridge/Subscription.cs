using System.Text.Json;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>What a <c>subscriptions/listen</c> asks to be told (MCP 2026-07-28, "Subscriptions").</summary>
/// <param name="Id">The request's id as raw JSON, which everything on the stream carries.</param>
/// <param name="Lists">Names in the filter, e.g. <c>toolsListChanged</c>.</param>
/// <param name="Uris">Resources whose changes are told.</param>
public sealed record Subscription(ReadOnlyMemory<byte> Id, IReadOnlyList<string> Lists, IReadOnlyList<string> Uris)
{
    public const string Tools = "toolsListChanged";
    public const string Prompts = "promptsListChanged";
    public const string Resources = "resourcesListChanged";

    private const int MostUris = 1000;

    public static Subscription Read(ProxyContext context)
    {
        ReadOnlyMemory<byte>? filter = JsonEdit.Find(context.Body, "params", "notifications");
        List<string> lists = [];
        List<string> uris = [];
        if (filter is not { } found || found.Span is not [(byte)'{', ..]) return new Subscription(context.RequestId, lists, uris);
        using JsonDocument document = JsonDocument.Parse(found);
        foreach (string name in (string[])[Tools, Prompts, Resources])
        {
            if (document.RootElement.TryGetProperty(name, out JsonElement wanted) && wanted.ValueKind is JsonValueKind.True) lists.Add(name);
        }

        if (document.RootElement.TryGetProperty("resourceSubscriptions", out JsonElement listed) && listed.ValueKind is JsonValueKind.Array)
            uris.AddRange(listed.EnumerateArray().Where(u => u.ValueKind is JsonValueKind.String).Select(u => u.GetString()!).Distinct(StringComparer.Ordinal).Take(MostUris));
        return new Subscription(context.RequestId, lists, uris);
    }

    /// <summary>Only what a session-era server of these capabilities can tell.</summary>
    public Subscription Within(ReadOnlyMemory<byte> capabilities)
    {
        bool Has(params string[] path) => JsonEdit.Find(capabilities, path) is { } value && value.Span.SequenceEqual("true"u8);
        return this with
        {
            Lists = [.. Lists.Where(l => l switch { Tools => Has("tools", "listChanged"), Prompts => Has("prompts", "listChanged"), _ => Has("resources", "listChanged") })],
            Uris = Has("resources", "subscribe") ? Uris : [],
        };
    }

    public bool Wants(UpstreamMessage message) => message.Method switch
    {
        NotificationMethods.ToolListChangedNotification => Lists.Contains(Tools),
        NotificationMethods.PromptListChangedNotification => Lists.Contains(Prompts),
        NotificationMethods.ResourceListChangedNotification => Lists.Contains(Resources),
        NotificationMethods.ResourceUpdatedNotification => Uris.Contains(JsonEdit.FindText(message.Json, "params", "uri") ?? ""),
        _ => false,
    };

    /// <summary>The first message of the stream: what is honoured.</summary>
    public ReadOnlyMemory<byte> Acknowledgement()
    {
        byte[] message =
        [
            .. "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"notifications\":"u8, .. UpstreamRelations.Filter(Lists, Uris), .. "}}"u8,
        ];
        return Marked(message);
    }

    public ReadOnlyMemory<byte> Marked(ReadOnlyMemory<byte> notification) => Translation.Edit(notification, JsonChange.Set(Id, "params", "_meta", Translation.SubscriptionKey));

    /// <summary>The answer that says that the stream ends gracefully.</summary>
    public ReadOnlyMemory<byte> Closing() => Translation.Edit(
        JsonRpc.Result(Id, "{\"resultType\":\"complete\"}"u8.ToArray()), JsonChange.Set(Id, "result", "_meta", Translation.SubscriptionKey));
}
