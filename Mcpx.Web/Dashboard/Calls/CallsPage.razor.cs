using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Every call of the organisation, filtered by what the address says.</summary>
public sealed partial class CallsPage(ServerAdmin servers, GatewayAdmin gateways, ServiceAccountAdmin accounts) : OrganizationPage
{
    private IReadOnlyList<UpstreamServer> _servers = [];
    private IReadOnlyList<VirtualGateway> _gateways = [];
    private IReadOnlyList<ServiceAccount> _accounts = [];
    private CallFilter? _filter;
    private string? _error;
    private string? _next;
    private bool _paused;
    private TimeRange? _range;

    [SupplyParameterFromQuery(Name = "server")]
    private string? Server { get; set; }

    [SupplyParameterFromQuery(Name = "gateway")]
    private string? Gateway { get; set; }

    [SupplyParameterFromQuery(Name = "account")]
    private string? Account { get; set; }

    [SupplyParameterFromQuery(Name = "method")]
    private string? Method { get; set; }

    [SupplyParameterFromQuery(Name = "tool")]
    private string? Tool { get; set; }

    [SupplyParameterFromQuery(Name = "outcome")]
    private string? Outcome { get; set; }

    [SupplyParameterFromQuery(Name = "range")]
    private string? RangeKey { get; set; }

    [SupplyParameterFromQuery(Name = "before")]
    private string? Before { get; set; }

    private CallsQuery Query => new(Text(Server), Text(Method), Text(Tool), Text(Outcome), Text(RangeKey), Text(Before), Text(Gateway), Text(Account));

    private TimeRange? Range => TimeRange.Find(RangeKey);

    private string Heading => Query.Before is not null ? "Older calls" : _paused ? "Newest calls, paused" : "Newest calls";

    protected override async Task OnParametersSetAsync()
    {
        if (_servers.Count == 0)
        {
            _error = await ReadAsync(async actor =>
            {
                _servers = [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left)).Items.Select(details => details.Server)];
                _gateways = [.. (await gateways.ListAsync(actor, after: null, GatewayAdmin.LargestPage, Left)).Items.Select(details => details.Gateway)];
                _accounts = [.. (await accounts.ListAsync(actor, Left)).Select(details => details.Account)];
            });
        }

        // A slug of nothing is an id of nothing: no rows, rather than all of them under a filter that says otherwise.
        ServerId? server = Query.Server is null ? null : _servers.FirstOrDefault(s => s.Slug == Query.Server)?.Id ?? ServerId.From(Guid.Empty);
        GatewayId? gateway = Query.Gateway is null ? null : _gateways.FirstOrDefault(g => g.Slug == Query.Gateway)?.Id ?? GatewayId.From(Guid.Empty);
        ServiceAccountId? account = Query.Account is null ? null : EntityId.TryParse(Query.Account, out ServiceAccountId id) ? id : ServiceAccountId.From(Guid.Empty);
        CallFilter filter = new(server, Query.Method, Query.Tool, Query.Outcomes, Cursor: Query.Before, Gateway: gateway, ServiceAccount: account, WouldBeDenied: Query.Outcome == CallsQuery.WouldBeDenied);
        if (!Same(filter, _filter) || Range != _range)
        {
            _filter = filter;
            _range = Range;
            _next = null;
        }
    }

    private static bool Same(CallFilter one, CallFilter? other) =>
        other is not null && one with { Outcomes = null } == other with { Outcomes = null }
        && (one.Outcomes ?? []).SequenceEqual(other.Outcomes ?? []);

    private void OnRead(Page<CallRecord> page) => _next = page.Next;

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
