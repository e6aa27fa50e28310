using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>The filters of the metrics page. Each change is a new address, so that back, reload and a shared link work.</summary>
public sealed partial class MetricFilters(NavigationManager navigation) : ComponentBase
{
    private static readonly string[] Methods =
        ["tools/call", "tools/list", "initialize", "server/discover", "ping", "resources/list", "resources/read", "prompts/list", "prompts/get"];

    [Parameter, EditorRequired]
    public MetricsView View { get; set; } = new(new MetricQuery());

    [Parameter, EditorRequired]
    public MetricNames.Known Names { get; set; } = MetricNames.Known.None;

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private MetricQuery Query => View.Query;

    private IReadOnlyList<SelectOption<string>> ServerOptions => WithCurrent("No server",
        [new("", "Any server"), .. Names.Servers.Select(server => new SelectOption<string>(ValueOf(server.Id.ToString(), server.Slug, Query.Server), server.Name))], Query.Server);

    private IReadOnlyList<SelectOption<string>> GatewayOptions => WithCurrent("Without a gateway",
        [new("", "Any gateway"), .. Names.Gateways.Select(gateway => new SelectOption<string>(ValueOf(gateway.Id.ToString(), gateway.Slug, Query.Gateway), gateway.Name))], Query.Gateway);

    private IReadOnlyList<SelectOption<string>> CallerOptions => WithCurrent("Not signed in",
        [
            new("", "Any caller"),
            .. Names.Members.Select(member => new SelectOption<string>(member.User.Id.ToString(), member.User.Name)),
            .. Names.Accounts.Select(account => new SelectOption<string>(account.Id.ToString(), $"{account.Name} (service account)")),
        ], Query.Caller);

    private IReadOnlyList<SelectOption<string>> MethodOptions =>
        WithCurrent("", [new("", "Any method"), .. Methods.Select(method => new SelectOption<string>(method, method))], Query.Method);

    /// <summary>The address may name by either.</summary>
    private static string ValueOf(string id, string slug, string? current) => current == id ? id : slug;

    /// <summary>What the address says is shown even when the list does not offer it.</summary>
    private IReadOnlyList<SelectOption<string>> WithCurrent(string nobody, IReadOnlyList<SelectOption<string>> options, string? current)
    {
        if (current is null || options.Any(option => option.Value == current)) return options;
        string label = !Guid.TryParseExact(current, "D", out Guid id) ? current
            : id == Guid.Empty ? nobody
            : Names.Others.GetValueOrDefault(id) is { } name ? name.IsGone ? $"{name.Name} (deleted)" : name.Name : current;
        return [.. options, new(current, label)];
    }

    private void Go(MetricQuery query) => navigation.NavigateTo(DashboardUrls.Metrics(Viewer.Organization, View with { Query = query }));
}
