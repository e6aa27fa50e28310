using Mcpx.Core.Identity;
using Mcpx.Web.Authentication.Providers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Profile;

/// <summary>The logins that open the account.</summary>
public sealed partial class LoginsCard(NavigationManager navigation) : ProfilePart
{
    private ExternalLogin? _leaving;
    private string? _problem;
    private bool _busy;

    [Parameter, EditorRequired]
    public Account Account { get; set; } = null!;

    [Parameter]
    public EventCallback OnChanged { get; set; }

    [Inject]
    private IdentityProviders Providers { get; set; } = null!;

    [Inject]
    private LinkTickets Tickets { get; set; } = null!;

    private async Task LinkAsync(IdentityProvider provider)
    {
        string? problem = await AttemptAsync(me =>
        {
            navigation.NavigateTo(DashboardUrls.LinkProvider(provider.Name, Tickets.Create(me.User, provider.Name)), forceLoad: true);
            return Task.CompletedTask;
        });
        if (problem is not null) Toasts.Show(Tone.Bad, problem);
    }

    private async Task UnlinkAsync()
    {
        if (_busy || _leaving is not { } login) return;
        _busy = true;
        _problem = await AttemptAsync(me => Accounts.UnlinkAsync(me, login.Issuer, login.Subject, Left));
        _busy = false;
        if (_problem is not null) return;
        _leaving = null;
        Toasts.Show(Tone.Good, $"{Providers.LabelOf(login.Provider)} is unlinked");
        await OnChanged.InvokeAsync();
    }
}
