using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Proxy.Access;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>What a caller may call at an endpoint, and which rule says so. The choice stands in the address.</summary>
public sealed partial class AccessPage(
    AccessExplainer access, MemberAdmin members, ServiceAccountAdmin accounts, TokenAdmin tokens, EndpointNames endpoints, TimeProvider time, NavigationManager navigation) : OrganizationPage
{
    private AudienceChoices? _choices;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private AccessReport? _report;
    private string? _asked;
    private string? _error;
    private string? _problem;
    private bool _loading;

    [SupplyParameterFromQuery(Name = "who")]
    private string? Who { get; set; }

    [SupplyParameterFromQuery(Name = "endpoint")]
    private string? Endpoint { get; set; }

    private IReadOnlyList<SelectOption<string>> CallerOptions => [new("", "Choose a caller"), .. _choices?.Callers() ?? []];

    private IReadOnlyList<SelectOption<string>> EndpointOptions => [new("", "Choose an endpoint"), .. _endpoints.Select(e => new SelectOption<string>(e.Id.ToString("D"), $"{e.Name} ({e.Path})"))];

    protected override async Task OnParametersSetAsync()
    {
        if (!Viewer.May(Permission.ManageGovernance)) return;
        if (_choices is null)
        {
            _error = await ReadAsync(async actor =>
            {
                _choices = await AudienceChoices.ReadAsync(members, accounts, tokens, time, actor, Left);
                _endpoints = await endpoints.ListAsync(actor, Left);
            });
        }

        string asked = $"{Who} {Endpoint}";
        if (_asked == asked) return;
        _asked = asked;
        (_report, _problem) = (null, null);
        if (RuleWords.Parse(Who) is not { } who || !Guid.TryParseExact(Endpoint, "D", out Guid endpoint)) return;
        _loading = true;
        AccessReport? report = null;
        string? problem = await ReadAsync(async actor => report = await access.ExplainAsync(actor, who, endpoint, Left));
        _loading = false;
        // Somebody may have chosen again while this was found out.
        if (_asked == asked) (_report, _problem) = (report, problem);
    }

    private void Go(string? who, string? endpoint) => navigation.NavigateTo(DashboardUrls.Access(Organization, who, endpoint));

    private static string Heading(AccessReport report) => report.Closed is not null
        ? $"What rules would say of {report.Subject.Name}"
        : $"{report.Subject.Name} may call {report.Callable:N0} of {report.Tools.Count:N0} tools";

    private static bool IsConditional(ToolAccess tool) => tool.Conditional.Count > 0 && tool.IsShown;

    private static string WordOf(ToolAccess tool) => tool switch
    {
        { IsShown: false } => "no",
        { Decision: Decision.Allow { WouldDeny: not null } } => "yes, for now",
        _ => IsConditional(tool) ? "depends" : "yes",
    };

    private static Tone ToneOf(ToolAccess tool) => tool switch
    {
        { IsShown: false } => Tone.Bad,
        { Decision: Decision.Allow { WouldDeny: not null } } => Tone.Info,
        _ => IsConditional(tool) ? Tone.Warning : Tone.Good,
    };

    private static string ReasonOf(ToolAccess tool) => IsConditional(tool) && !tool.Decision.Reason.Contains(tool.Conditional[^1].ConditionWords, StringComparison.Ordinal)
        ? $"{tool.Decision.Reason} Asked of each call: {string.Join("; or ", tool.Conditional.Select(rule => rule.ConditionWords + (rule.LogOnly ? " (tried out)" : "")))}."
        : tool.Decision.Reason;
}
