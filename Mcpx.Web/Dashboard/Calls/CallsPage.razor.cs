using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Every call of the organisation, filtered by what the address says.</summary>
public sealed partial class CallsPage(
    CallAdmin calls, CallQueries queries, ServerAdmin servers, GatewayAdmin gateways, MemberAdmin members, ServiceAccountAdmin accounts, NavigationManager navigation, TimeProvider time) : OrganizationPage
{
    /// <summary>New calls move the rows at once; their number may follow.</summary>
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(10);

    private IReadOnlyList<UpstreamServer> _servers = [];
    private IReadOnlyList<VirtualGateway> _gateways = [];
    private IReadOnlyList<Member> _members = [];
    private IReadOnlyList<ServiceAccount> _accounts = [];
    private CallQuery? _read;
    private CallFilter? _filter;
    private CallCount? _count;
    private long _counted;
    private string? _error;
    private string? _next;
    private bool _paused;
    private bool _saving;
    private bool _exporting;

    // One name is enough to be told of a new address; the others are read from there.
    [SupplyParameterFromQuery(Name = "cursor")]
    private string? Cursor { get; set; }

    private CallQuery Query => CallQuery.Parse(new Uri(navigation.Uri).Query.TrimStart('?'));

    private TimeRange? Range => TimeRange.Find(Query.Range);

    private bool IsOlder => !string.IsNullOrWhiteSpace(Cursor);

    private string Heading => IsOlder ? "Older calls" : _paused ? "Newest calls, paused" : "Newest calls";

    private string? CountText => _count switch
    {
        { Found: { } found, IsWhole: true } => found == 1 ? "1 call" : $"{found:N0} calls",
        { Found: { } found } => $"{found:N0}+ calls",
        _ => null,
    };

    protected override async Task OnParametersSetAsync()
    {
        CallQuery query = Query;
        if (query == _read) return;
        (_read, _next, _count, _counted) = (query, null, null, 0);
        _error = await ReadAsync(async actor =>
        {
            if (_members.Count == 0) await ReadNamesAsync(actor);
            // A range moves with the clock: the list works it out at each reading.
            _filter = await queries.ReadAsync(actor, Range is null ? query : query with { Range = null }, Left);
        });
        if (_error is not null) _filter = null;
    }

    private async Task ReadNamesAsync(Actor actor)
    {
        _servers = [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left)).Items.Select(details => details.Server)];
        _gateways = [.. (await gateways.ListAsync(actor, after: null, GatewayAdmin.LargestPage, Left)).Items.Select(details => details.Gateway)];
        _accounts = [.. (await accounts.ListAsync(actor, Left)).Select(details => details.Account)];
        _members = (await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, Left)).Items;
    }

    private async Task OnReadAsync(Page<CallRecord> page)
    {
        _next = page.Next;
        if (_filter is not { } filter || _counted != 0 && time.GetElapsedTime(_counted) < CountEvery) return;
        _counted = time.GetTimestamp();
        CallQuery? asked = _read;
        if (Range is { } range) filter = filter with { From = time.GetUtcNow() - range.Span };
        CallCount? count = null;
        // A count that can't be had is left out: the rows are what the page is for.
        if (await ReadAsync(async actor => count = await calls.CountAsync(actor, filter, Left)) is null && _read == asked) _count = count;
    }
}
