using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>
/// <c>subscriptions/listen</c> (MCP 2026-07-28): the answer's stream stays open and tells of changed lists. The SDK's own
/// handler can't, because it serves each stateless request by a server that has no other stream.
/// </summary>
internal sealed class ListSubscriptions(McpServerPrimitiveCollection<McpServerTool> tools, McpServerPrimitiveCollection<McpServerPrompt> prompts)
{
    public async ValueTask<EmptyResult> ListenAsync(RequestContext<SubscriptionsListenRequestParams> request, CancellationToken cancellationToken)
    {
        var wanted = request.Params.Notifications;
        var granted = new SubscriptionsListenNotifications { ToolsListChanged = wanted.ToolsListChanged, PromptsListChanged = wanted.PromptsListChanged };
        // One writer on the stream: changes are raised on whatever thread makes them.
        var changes = Channel.CreateUnbounded<string>();
        EventHandler toolsChanged = (_, _) => changes.Writer.TryWrite(NotificationMethods.ToolListChangedNotification);
        EventHandler promptsChanged = (_, _) => changes.Writer.TryWrite(NotificationMethods.PromptListChangedNotification);
        if (granted.ToolsListChanged == true)
            tools.Changed += toolsChanged;
        if (granted.PromptsListChanged == true)
            prompts.Changed += promptsChanged;
        try
        {
            var acknowledged = JsonSerializer.SerializeToNode(new SubscriptionsAcknowledgedNotificationParams { Notifications = granted }, McpJsonUtilities.DefaultOptions)!.AsObject();
            await SendAsync(request, NotificationMethods.SubscriptionsAcknowledgedNotification, acknowledged, cancellationToken);
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken))
                await SendAsync(request, change, [], cancellationToken);
            return new EmptyResult();
        }
        finally
        {
            tools.Changed -= toolsChanged;
            prompts.Changed -= promptsChanged;
        }
    }

    private static Task SendAsync(RequestContext<SubscriptionsListenRequestParams> request, string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        parameters["_meta"] = new JsonObject { [MetaKeys.SubscriptionId] = JsonSerializer.SerializeToNode(request.JsonRpcRequest.Id, McpJsonUtilities.DefaultOptions) };
        return request.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);
    }
}
