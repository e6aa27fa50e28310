using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Tokens;

/// <summary>Personal access tokens: make, look at, revoke one or many.</summary>
public sealed partial class TokensPage(TokenAdmin tokens, EndpointNames names, TimeProvider time, NavigationManager navigation) : OrganizationPage
{
    private readonly HashSet<TokenId> _chosen = [];
    private IReadOnlyList<PersonalAccessToken>? _tokens;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private TokenSelection? _revoking;
    private int _affected;
    private IssuedToken? _issued;
    private DateTimeOffset _now;
    private string? _error;
    private bool _creating;
    private bool _busy;

    /// <summary>Whose tokens are shown; stands in the address.</summary>
    [SupplyParameterFromQuery(Name = "user")]
    private string? User { get; set; }

    private UserId? OfPerson => EntityId.TryParse(User, out UserId user) && _tokens?.Any(t => t.User == user && IsActive(t)) is true ? user : null;

    private IReadOnlyList<PersonalAccessToken>? Shown => string.IsNullOrEmpty(User) ? _tokens : _tokens is null ? null : [.. _tokens.Where(t => t.User.ToString() == User)];

    private IReadOnlyList<SelectOption<string>> Owners =>
        [new("", "Everybody's"), .. (_tokens ?? []).DistinctBy(t => t.User).OrderBy(t => t.UserName, StringComparer.OrdinalIgnoreCase).Select(t => new SelectOption<string>(t.User.ToString(), t.UserName ?? "unknown"))];

    private string Question => _revoking is TokenSelection.These { Ids: [var one] } ? $"Revoke “{_tokens?.FirstOrDefault(t => t.Id == one)?.Name}”?" : $"Revoke {_affected} tokens?";

    protected override Task OnInitializedAsync() => LoadAsync();

    private bool IsActive(PersonalAccessToken token) => token.RevokedAt is null && token.ExpiresAt > _now;

    private bool EndsSoon(PersonalAccessToken token) => IsActive(token) && token.ExpiresAt - _now <= TokenAdmin.EndsSoonWithin && token.LastUsedAt is not null;

    private (Tone Tone, string Word) StateOf(PersonalAccessToken token)
    {
        if (token.RevokedAt is not null) return (Tone.Neutral, "revoked");
        if (token.ExpiresAt <= _now) return (Tone.Warning, "expired");
        if (EndsSoon(token)) return (Tone.Warning, "ends soon");
        return (token.LastUsedAt ?? token.CreatedAt) < _now - TokenAdmin.UnusedAfter ? (Tone.Neutral, "unused") : (Tone.Good, "active");
    }

    private string? NameOf(UserId user) => _tokens?.FirstOrDefault(t => t.User == user)?.UserName;

    private void Show(string user) => navigation.NavigateTo(DashboardUrls.Tokens(Organization, EntityId.TryParse(user, out UserId id) ? id : null));

    private void Choose(TokenId token, bool on)
    {
        if (on) _chosen.Add(token);
        else _chosen.Remove(token);
    }

    private void Ask(TokenSelection selection)
    {
        _revoking = selection;
        UserId? person = selection switch { TokenSelection.OfPerson(var user) => user, TokenSelection.Mine => Viewer.User, _ => null };
        _affected = selection is TokenSelection.These these ? these.Ids.Count : _tokens?.Count(t => t.User == person && IsActive(t)) ?? 0;
    }

    private async Task LoadAsync()
    {
        _now = time.GetUtcNow();
        _chosen.Clear();
        _error = await ReadAsync(async actor =>
        {
            _endpoints = await names.ListAsync(actor, Left);
            // What still opens something comes first.
            _tokens = [.. (await tokens.ListAsync(actor, Left)).OrderByDescending(IsActive).ThenByDescending(token => token.CreatedAt)];
        });
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
        if (_busy || _revoking is not { } selection) return;
        _busy = true;
        int revoked = 0;
        bool done = await TryAsync(async actor => revoked = await tokens.RevokeAsync(actor, selection, Left));
        _busy = false;
        string? name = selection is TokenSelection.These { Ids: [var one] } ? _tokens?.FirstOrDefault(t => t.Id == one)?.Name : null;
        _revoking = null;
        if (done) Toasts.Show(Tone.Good, name is null ? $"{revoked} {(revoked == 1 ? "token" : "tokens")} revoked" : $"Token “{name}” revoked");
        await LoadAsync();
    }
}
