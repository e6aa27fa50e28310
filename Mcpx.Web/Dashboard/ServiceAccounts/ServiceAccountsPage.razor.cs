using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.ServiceAccounts;

/// <summary>The programs that have an identity of their own here.</summary>
public sealed partial class ServiceAccountsPage(ServiceAccountAdmin accounts, EndpointNames names, TimeProvider time, NavigationManager navigation) : OrganizationPage
{
    private IReadOnlyList<ServiceAccountDetails>? _accounts;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private DateTimeOffset _now;
    private string? _error;
    private bool _adding;

    protected override Task OnInitializedAsync() => LoadAsync();

    private async Task LoadAsync()
    {
        _now = time.GetUtcNow();
        _error = await ReadAsync(async actor =>
        {
            _endpoints = await names.ListAsync(actor, Left);
            _accounts = await accounts.ListAsync(actor, Left);
        });
    }

    /// <summary>To its page: without a secret it can do nothing yet.</summary>
    private void OnAdded(ServiceAccountDetails added) => navigation.NavigateTo(DashboardUrls.ServiceAccount(Organization, added.Account.Id));
}
