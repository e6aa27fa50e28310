using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Tokens;

/// <summary>Personal access tokens: make, look at, revoke.</summary>
public sealed partial class TokensPage(TokenAdmin tokens, TimeProvider time) : OrganizationPage
{
    private IReadOnlyList<PersonalAccessToken>? _tokens;
    private PersonalAccessToken? _revoking;
    private IssuedToken? _issued;
    private DateTimeOffset _now;
    private string? _error;
    private bool _creating;
    private bool _busy;

    protected override Task OnInitializedAsync() => LoadAsync();

    private bool IsActive(PersonalAccessToken token) => token.RevokedAt is null && token.ExpiresAt > _now;

    private async Task LoadAsync()
    {
        _now = time.GetUtcNow();
        // What still opens something comes first.
        _error = await ReadAsync(async actor => _tokens = [.. (await tokens.ListAsync(actor, Left)).OrderByDescending(IsActive).ThenByDescending(token => token.CreatedAt)]);
    }

    private async Task OnCreatingChangedAsync(bool open)
    {
        _creating = open;
        if (open || _issued is null) return;
        // The text goes with the dialog; nothing here keeps it.
        _issued = null;
        await LoadAsync();
    }

    private async Task RevokeAsync()
    {
        if (_busy || _revoking is not { } token) return;
        _busy = true;
        bool done = await TryAsync(actor => tokens.RevokeAsync(actor, token.Id, Left));
        _busy = false;
        _revoking = null;
        if (done) Toasts.Show(Tone.Good, $"Token “{token.Name}” revoked");
        await LoadAsync();
    }
}
