using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>The filters of the calls page. Each change is a new address, so that back, reload and a shared link work.</summary>
public sealed partial class CallFilters(NavigationManager navigation) : ComponentBase
{
    private static readonly string[] Methods =
        ["tools/call", "tools/list", "initialize", "server/discover", "ping", "resources/list", "resources/read", "prompts/list", "prompts/get"];

    [Parameter, EditorRequired]
    public CallsQuery Query { get; set; } = new();

    [Parameter, EditorRequired]
    public IReadOnlyList<UpstreamServer> Servers { get; set; } = [];

    [Parameter]
    public IReadOnlyList<VirtualGateway> Gateways { get; set; } = [];

    [Parameter]
    public IReadOnlyList<ServiceAccount> Accounts { get; set; } = [];

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private IReadOnlyList<SelectOption<string>> ServerOptions =>
        WithCurrent([new("", "Any server"), .. Servers.Select(server => new SelectOption<string>(server.Slug, server.Name))], Query.Server);

    private IReadOnlyList<SelectOption<string>> GatewayOptions =>
        WithCurrent([new("", "Any gateway"), .. Gateways.Select(gateway => new SelectOption<string>(gateway.Slug, gateway.Name))], Query.Gateway);

    private IReadOnlyList<SelectOption<string>> AccountOptions =>
        WithCurrent([new("", "Any caller"), .. Accounts.Select(account => new SelectOption<string>(account.Id.ToString(), account.Name))], Query.Account);

    private IReadOnlyList<SelectOption<string>> MethodOptions =>
        WithCurrent([new("", "Any method"), .. Methods.Select(method => new SelectOption<string>(method, method))], Query.Method);

    private IReadOnlyList<SelectOption<string>> OutcomeOptions => WithCurrent(OutcomeWords.Options, Query.Outcome);

    private IReadOnlyList<SelectOption<string>> RangeOptions =>
        WithCurrent([new("", "Any time"), .. TimeRange.All.Select(range => new SelectOption<string>(range.Key, $"Last {range.Label}"))], Query.Range);

    /// <summary>What the address says is shown even when the list does not offer it.</summary>
    private static IReadOnlyList<SelectOption<string>> WithCurrent(IReadOnlyList<SelectOption<string>> options, string? current) =>
        current is null || options.Any(option => option.Value == current) ? options : [.. options, new(current, current)];

    private void Go(CallsQuery query) => navigation.NavigateTo(DashboardUrls.Calls(Viewer.Organization, query with { Before = null }));
}
