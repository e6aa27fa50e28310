using Mcpx.Core.Identity;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Profile;

/// <summary>A person's own account: who they are here, how they come in, where they belong.</summary>
public sealed partial class ProfilePage : ProfilePart
{
    private Account? _account;
    private string? _error;

    [SupplyParameterFromQuery(Name = "problem")]
    private string? Problem { get; set; }

    [SupplyParameterFromQuery(Name = "provider")]
    private string? Provider { get; set; }

    /// <summary>The provider that was linked just now.</summary>
    [SupplyParameterFromQuery(Name = "linked")]
    private string? Linked { get; set; }

    [Inject]
    private IdentityProviders Providers { get; set; } = null!;

    protected override Task OnInitializedAsync() => LoadAsync();

    private async Task LoadAsync() => _error = await AttemptAsync(async me => _account = await Accounts.GetAsync(me.User, Left));
}
