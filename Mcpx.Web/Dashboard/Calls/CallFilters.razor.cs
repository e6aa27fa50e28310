using System.Globalization;
using Mcpx.Core.Calls.Search;
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
    private const string PersonPrefix = "user:";
    private const string AccountPrefix = "account:";

    private static readonly string[] Methods =
        ["tools/call", "tools/list", "initialize", "server/discover", "ping", "resources/list", "resources/read", "prompts/list", "prompts/get"];

    private bool? _more;

    [Parameter, EditorRequired]
    public CallQuery Query { get; set; } = new();

    [Parameter, EditorRequired]
    public IReadOnlyList<UpstreamServer> Servers { get; set; } = [];

    [Parameter]
    public IReadOnlyList<VirtualGateway> Gateways { get; set; } = [];

    [Parameter]
    public IReadOnlyList<Member> Members { get; set; } = [];

    [Parameter]
    public IReadOnlyList<ServiceAccount> Accounts { get; set; } = [];

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    /// <summary>What is not common is out of the way until it is used.</summary>
    private bool ShowsMore => _more ?? (Query.Method ?? Query.Rule ?? Query.MinMs ?? Query.MaxMs ?? Query.From ?? Query.To ?? Query.Token ?? Query.FirstRound) is not null;

    private string TextHint => Viewer.May(Permission.SeePayloads)
        ? "All of these words, among the first of what a call carried; a star finds beginnings: acm*"
        : "All of these words, among the first of what your own calls carried; a star finds beginnings: acm*";

    private string Caller => Query.User is { } user ? PersonPrefix + user : Query.ServiceAccount is { } account ? AccountPrefix + account : "";

    private IReadOnlyList<SelectOption<string>> ServerOptions =>
        WithCurrent([new("", "Any server"), .. Servers.Select(server => new SelectOption<string>(server.Slug, server.Name))], Query.Server);

    private IReadOnlyList<SelectOption<string>> GatewayOptions =>
        WithCurrent([new("", "Any gateway"), .. Gateways.Select(gateway => new SelectOption<string>(gateway.Slug, gateway.Name))], Query.Gateway);

    private IReadOnlyList<SelectOption<string>> CallerOptions => WithCurrent(
        [
            new("", "Any caller"),
            .. Members.Select(member => new SelectOption<string>(PersonPrefix + member.User.Id, member.User.Name)),
            .. Accounts.Select(account => new SelectOption<string>(AccountPrefix + account.Id, $"{account.Name} (service account)")),
        ], Caller.Length == 0 ? null : Caller);

    private IReadOnlyList<SelectOption<string>> MethodOptions =>
        WithCurrent([new("", "Any method"), .. Methods.Select(method => new SelectOption<string>(method, method))], Query.Method);

    private IReadOnlyList<SelectOption<string>> OutcomeOptions => WithCurrent(OutcomeWords.Options, Query.Outcome);

    private IReadOnlyList<SelectOption<string>> RangeOptions =>
        WithCurrent([new("", "Any time"), .. TimeRange.All.Select(range => new SelectOption<string>(range.Key, $"Last {range.Label}"))], Query.Range);

    /// <summary>What the address says is shown even when the list does not offer it.</summary>
    private static IReadOnlyList<SelectOption<string>> WithCurrent(IReadOnlyList<SelectOption<string>> options, string? current) =>
        current is null || options.Any(option => option.Value == current) ? options : [.. options, new(current, current)];

    /// <summary>As the browser's field for a time writes it.</summary>
    private static string? LocalOf(string? instant) =>
        DateTimeOffset.TryParse(instant, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time.ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture)
            : null;

    private void GoToCaller(string caller) => Go(Query with
    {
        User = caller.StartsWith(PersonPrefix, StringComparison.Ordinal) ? caller[PersonPrefix.Length..] : null,
        ServiceAccount = caller.StartsWith(AccountPrefix, StringComparison.Ordinal) ? caller[AccountPrefix.Length..] : null,
    });

    private void Go(CallQuery query) => navigation.NavigateTo(DashboardUrls.Calls(Viewer.Organization, query with { Cursor = null }));
}
