using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.ServiceAccounts;

/// <summary>One service account: what it may do, how it proves who it is, what it did.</summary>
public sealed partial class ServiceAccountPage(ServiceAccountAdmin accounts, EndpointNames names, TimeProvider time, NavigationManager navigation) : OrganizationPage
{
    private const int RecentCalls = 10;

    private static readonly IReadOnlyList<SelectOption<int>> Lifetimes =
        [new(30, "30 days"), new(ServiceAccountAdmin.DefaultSecretDays, "90 days"), new(180, "180 days"), new(ServiceAccountAdmin.LongestSecretDays, "1 year")];

    private ServiceAccountDetails? _details;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private CallFilter _recent = new();
    private IssuedSecret? _issued;
    private ServiceAccountSecret? _revoking;
    private DateTimeOffset _now;
    private string? _asked;
    private string? _error;
    private int _days = ServiceAccountAdmin.DefaultSecretDays;
    private bool _editing, _making, _deleting, _busy;

    [Parameter]
    public string Id { get; set; } = "";

    [Inject]
    private ResourceAddresses Addresses { get; set; } = null!;

    private static TimeSpan Lifetime => AccessTokens.Lifetime;

    private bool MayChange => Viewer.May(Permission.ManageMembers) && (_details?.Account.Role is Role.Member || Viewer.May(Permission.ManageRoles));

    /// <summary>An address for the example: one that it opens.</summary>
    private string Resource => _endpoints.FirstOrDefault(e => _details!.Account.Limits.AllowsEndpoint(e.Id)) is { } one
        ? Addresses.Endpoint(Organization, one.IsGateway, one.Slug)
        : Addresses.Endpoint(Organization, isGateway: false, "SERVER");

    protected override async Task OnParametersSetAsync()
    {
        if (Id == _asked) return;
        _asked = Id;
        bool unknown = !EntityId.TryParse(Id, out ServiceAccountId id);
        if (!unknown)
        {
            _error = await ReadAsync(async actor =>
            {
                try
                {
                    _endpoints = await names.ListAsync(actor, Left);
                    Show(await accounts.GetAsync(actor, id, Left));
                }
                catch (RefusalException.NotFound)
                {
                    unknown = true;
                }
            });
        }

        if (unknown) navigation.NotFound();
    }

    private void Show(ServiceAccountDetails details)
    {
        _now = time.GetUtcNow();
        _details = details;
        _recent = new CallFilter(ServiceAccount: details.Account.Id, Size: RecentCalls);
    }

    private async Task ToggleAsync()
    {
        bool on = !_details!.Account.IsEnabled;
        if (await TryAsync(async actor => Show(await accounts.UpdateAsync(actor, _details.Account.Id, new ServiceAccountInput(Enabled: on), Left))))
            Toasts.Show(Tone.Good, on ? $"“{_details.Account.Name}” gets tokens again" : $"“{_details.Account.Name}” is off: its tokens are refused");
    }

    private void OnSaved(ServiceAccountDetails saved)
    {
        _editing = false;
        Toasts.Show(Tone.Good, $"“{saved.Account.Name}” saved");
        Show(saved);
    }

    private async Task MakeSecretAsync()
    {
        if (_busy) return;
        _busy = true;
        await TryAsync(async actor =>
        {
            _issued = await accounts.AddSecretAsync(actor, _details!.Account.Id, _days, Left);
            Show(await accounts.GetAsync(actor, _details.Account.Id, Left));
        });
        _busy = false;
        // What was refused is said in a toast, which the dialog would cover.
        if (_issued is null) _making = false;
    }

    private void OnMakingChanged(bool open)
    {
        _making = open;
        // The text goes with the dialog; nothing here keeps it.
        if (!open) _issued = null;
    }

    private async Task RevokeAsync()
    {
        if (_busy || _revoking is not { } secret) return;
        _busy = true;
        bool done = await TryAsync(async actor =>
        {
            await accounts.RevokeSecretAsync(actor, _details!.Account.Id, secret.Id, Left);
            Show(await accounts.GetAsync(actor, _details.Account.Id, Left));
        });
        _busy = false;
        _revoking = null;
        if (done) Toasts.Show(Tone.Good, "Secret revoked");
    }

    private async Task DeleteAsync()
    {
        if (_busy) return;
        _busy = true;
        string name = _details!.Account.Name;
        bool done = await TryAsync(actor => accounts.DeleteAsync(actor, _details.Account.Id, Left));
        _busy = false;
        _deleting = false;
        if (!done) return;
        Toasts.Show(Tone.Good, $"Service account “{name}” deleted");
        navigation.NavigateTo(DashboardUrls.ServiceAccounts(Organization));
    }
}
