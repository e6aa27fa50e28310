using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Organizations;

/// <summary>Where somebody is at home who is in no organisation, or has just left one.</summary>
public sealed partial class OrganizationsPage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<Membership>? _memberships;

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    protected override async Task OnInitializedAsync() => _memberships = await Session.MembershipsAsync(_left.Token);
}
