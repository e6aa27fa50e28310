using Mcpx.Core.Calls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Calls, newest first, each leading to its page.</summary>
public sealed partial class CallsTable : ComponentBase
{
    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter, EditorRequired]
    public string Organization { get; set; } = "";

    /// <summary>Null while they are loading.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<CallRecord>? Calls { get; set; }

    /// <summary>Off where the page is about one server, and where there is little room. Fixed for the table's life.</summary>
    [Parameter]
    public bool ShowServer { get; set; } = true;

    [Parameter]
    public string? Error { get; set; }

    [Parameter]
    public EventCallback OnRetry { get; set; }

    [Parameter]
    public RenderFragment? Empty { get; set; }

    [Parameter]
    public int SkeletonRows { get; set; } = 8;

    private static string ServerOf(CallRecord call) => call.ServerSlug ?? call.GatewaySlug ?? "unknown";

    /// <summary>Which tool of which server a gateway's tool was; null where that says nothing more.</summary>
    private static string? UpstreamOf(CallRecord call) =>
        call.GatewaySlug is not null && call.UpstreamTool is { } tool ? $"→ {call.ServerSlug}: {tool}" : null;

    private static string CallerOf(CallRecord call) => call.TokenName ?? call.ServiceAccountName ?? call.UserName ?? "nobody";
}
