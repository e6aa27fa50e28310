using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Servers;

/// <summary>Which changes of its lists a server tells.</summary>
internal static class CatalogNotices
{
    private static readonly string[] Methods =
    [
        NotificationMethods.ToolListChangedNotification, NotificationMethods.PromptListChangedNotification, NotificationMethods.ResourceListChangedNotification,
        // The first message of a subscription: from here on the others come.
        NotificationMethods.SubscriptionsAcknowledgedNotification,
    ];

    public static bool AreToldBy(ServerCapabilities server) =>
        server.Tools?.ListChanged is true || server.Prompts?.ListChanged is true || server.Resources?.ListChanged is true;

    public static IEnumerable<KeyValuePair<string, Func<JsonRpcNotification, CancellationToken, ValueTask>>> HandledBy(Action onNotice) =>
        Methods.Select(method => KeyValuePair.Create<string, Func<JsonRpcNotification, CancellationToken, ValueTask>>(method, (_, _) =>
        {
            onNotice();
            return ValueTask.CompletedTask;
        }));

    /// <summary>MCP 2026-07-28, Subscriptions: a server tells only what was asked for.</summary>
    public static JsonRpcRequest Subscription(ServerCapabilities server)
    {
        JsonObject wanted = [];
        if (server.Tools?.ListChanged is true) wanted["toolsListChanged"] = true;
        if (server.Prompts?.ListChanged is true) wanted["promptsListChanged"] = true;
        if (server.Resources?.ListChanged is true) wanted["resourcesListChanged"] = true;
        return new JsonRpcRequest { Method = RequestMethods.SubscriptionsListen, Params = new JsonObject { ["notifications"] = wanted } };
    }
}
