using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// Which member of a virtual gateway a request is for, and in whose names. What the gateway answers itself gets no route.
/// </summary>
public sealed class GatewayResolver(CatalogKeeper catalogs, CallHandles handles)
{
    /// <summary>False when it refused the request.</summary>
    public async ValueTask<bool> ResolveAsync(ProxyContext context)
    {
        if (context.Message is not { Kind: McpMessageKind.Request, Method: { } method } || !NeedsView(context.Era, method)) return true;
        GatewayRoute gateway = context.Gateway!;
        context.View = catalogs.Find(gateway) ?? await catalogs.GetAsync(gateway, context.ClientGone);
        if (gateway.Gateway.FailureMode is FailureMode.Closed && MissingIn(context.View) is { Count: > 0 } missing)
        {
            context.Refuse(CallOutcome.UpstreamError, ProxyErrors.MembersMissing(missing), $"Missing: {string.Join(", ", missing)}.");
            return false;
        }

        return method switch
        {
            RequestMethods.ToolsCall => context.Message.Name is not { } tool || Take(context, "tool", tool, context.View.Catalog.FindTool(tool)),
            RequestMethods.PromptsGet => context.Message.Name is not { } prompt || Take(context, "prompt", prompt, context.View.Catalog.FindPrompt(prompt)),
            RequestMethods.ResourcesRead or RequestMethods.ResourcesSubscribe or RequestMethods.ResourcesUnsubscribe =>
                context.Message.Uri is not { } uri || Take(context, "resource", uri, context.View.Catalog.FindResource(uri)),
            RequestMethods.CompletionComplete => TakeReference(context),
            _ => !method.StartsWith("tasks/", StringComparison.Ordinal) || TakeTask(context),
        };
    }

    /// <summary>The members that are not there, each with its reason, e.g. <c>crm: upstream_timeout</c>.</summary>
    public static IReadOnlyList<string> MissingIn(GatewayView view) =>
        [.. view.Members.Where(m => m.Status is not MemberStatus.Fresh).Select(m => $"{m.Member.Server.Server.Slug}: {m.Reason}")];

    /// <summary>False for what only the other era knows: that is an unknown method.</summary>
    private static bool NeedsView(ProtocolEra era, string method) => method is RequestMethods.ToolsList or RequestMethods.ToolsCall or RequestMethods.PromptsList or RequestMethods.PromptsGet
        or RequestMethods.ResourcesList or RequestMethods.ResourcesRead or RequestMethods.ResourcesTemplatesList or RequestMethods.ResourcesSubscribe
        or RequestMethods.ResourcesUnsubscribe or RequestMethods.CompletionComplete or "tasks/get" or "tasks/cancel"
        || method == (era is ProtocolEra.Stateless ? "tasks/update" : "tasks/result");

    private static bool Take(ProxyContext context, string kind, string name, RouteTarget target)
    {
        switch (target)
        {
            case RouteTarget.Found(ExposedItem item):
                context.Route = item.Member.Server;
                context.UpstreamName = item.UpstreamName;
                if (item.UpstreamName != name) context.UpstreamBody = Renamed(context.Body, context.Message!.NameRange, item.UpstreamName);
                return true;
            case RouteTarget.Conflict(CatalogConflict conflict):
                // The caller learns no more than of a name that nobody has: what hides behind the conflict may be blocked.
                return Refuse(context, kind, name, $"{string.Join(" and ", conflict.Claimants.Select(c => c.Member.Server.Server.Slug))} both offer this {kind}: give one of them a prefix.");
            default:
                return Refuse(context, kind, name, $"No server of the gateway offers this {kind}.");
        }
    }

    private static bool Refuse(ProxyContext context, string kind, string name, string reason)
    {
        context.Refuse(CallOutcome.Denied, ProxyErrors.UnknownName(kind, name, MissingIn(context.View!)), reason);
        return false;
    }

    /// <summary><c>completion/complete</c> names a prompt or a resource template in <c>params.ref</c>.</summary>
    private static bool TakeReference(ProxyContext context)
    {
        GatewayCatalog catalog = context.View!.Catalog;
        if (JsonEdit.FindText(context.Body, "params", "ref", "name") is { } prompt)
        {
            if (!Take(context, "prompt", prompt, catalog.FindPrompt(prompt))) return false;
            context.UpstreamBody = JsonEdit.Apply(context.Body, JsonChange.Set(context.UpstreamName!, "params", "ref", "name"));
            return true;
        }

        if (JsonEdit.FindText(context.Body, "params", "ref", "uri") is { } uri)
        {
            RouteTarget target = catalog.FindResourceTemplate(uri);
            return Take(context, "resource", uri, target is RouteTarget.Unknown ? catalog.FindResource(uri) : target);
        }

        McpError error = new(200, McpErrorCodes.InvalidParams, "The member params.ref names neither a prompt nor a resource.");
        context.Refuse(CallOutcome.Denied, error, error.Message);
        return false;
    }

    private bool TakeTask(ProxyContext context)
    {
        if (JsonEdit.FindText(context.Body, "params", "taskId") is { } task && handles.OpenTask(context, task) is var (server, own)
            && context.Gateway!.Members.FirstOrDefault(m => m.Server.Server.Id == ServerId.From(server)) is { } member)
        {
            context.Route = member.Server;
            context.UpstreamName = own;
            context.UpstreamBody = JsonEdit.Apply(context.Body, JsonChange.Set(own, "params", "taskId"));
            return true;
        }

        return Refuse(context, "task", "", "The task is not one that this caller was given here.");
    }

    /// <summary>The body with the server's own name in it; nothing else changes by a byte.</summary>
    private static ReadOnlyMemory<byte> Renamed(byte[] body, Range name, string upstreamName) =>
        name.Equals(default) ? body : (byte[])[.. body.AsSpan()[..name.Start.Value], .. JsonEdit.Text(upstreamName), .. body.AsSpan()[name.End.Value..]];
}
