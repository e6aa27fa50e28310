using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>How many calls may be made, and how far each limit is used on this replica.</summary>
public sealed partial class LimitsPage(CallLimitAdmin limits, ServerAdmin servers, MemberAdmin members, ServiceAccountAdmin accounts, TokenAdmin tokens, TimeProvider time) : OrganizationPage
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private IReadOnlyList<CallLimitDetails>? _limits;
    private IReadOnlyList<UpstreamServer> _servers = [];
    private AudienceChoices _choices = AudienceChoices.None;
    private Dictionary<Guid, string> _names = [];
    private CallLimit? _edited;
    private ITimer? _timer;
    private string? _error;
    private bool _editing;

    private bool May => Viewer.May(Permission.ManageGovernance);

    private IReadOnlyList<SelectOption<string>> Whom
    {
        get
        {
            SelectOption<string>[] all = [.. _choices.All()];
            return _edited is null || all.Any(o => o.Value == RuleWords.KeyOf(_edited.For)) ? all : [.. all, new(RuleWords.KeyOf(_edited.For), RuleWords.Whom(_edited.For, _names))];
        }
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) _timer = time.CreateTimer(_ => _ = InvokeAsync(LookAgainAsync), null, LookEvery, LookEvery);
    }

    protected override void Dispose(bool disposing)
    {
        _timer?.Dispose();
        base.Dispose(disposing);
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        _limits = await limits.ListAsync(actor, Left);
        _servers = [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left)).Items.Select(details => details.Server)];
        if (May) _choices = await AudienceChoices.ReadAsync(members, accounts, tokens, time, actor, Left);
        _names = _choices.Names();
    });

    private async Task LookAgainAsync()
    {
        if (_limits is not { Count: > 0 } || Left.IsCancellationRequested) return;
        IReadOnlyList<CallLimitDetails>? now = null;
        // What can't be read now is read in two seconds; the last figures stay.
        if (await ReadAsync(async actor => now = await limits.ListAsync(actor, Left)) is null && now is not null) _limits = now;
        StateHasChanged();
    }

    private string ServerName(CallLimit limit) => limit.Server is null ? "all servers together" : _servers.FirstOrDefault(s => s.Id == limit.Server)?.Name ?? "a server";

    private static string UseText(int? most, int used) => most is null ? "–" : $"{used:N0} of {most:N0}";

    private static double ShareOf(CallLimitDetails details) => Math.Max(
        details.Limit.PerMinute is { } perMinute ? (double)details.Use.PerMinute / perMinute : 0, details.Limit.AtOnce is { } atOnce ? (double)details.Use.AtOnce / atOnce : 0);

    private static Tone ToneOf(CallLimitDetails details) => ShareOf(details) switch { >= 1 => Tone.Bad, >= 0.8 => Tone.Warning, > 0 => Tone.Good, _ => Tone.Neutral };

    private static string WordOf(CallLimitDetails details) => ShareOf(details) switch
    {
        >= 1 => "reached",
        > 0 when details.Limit.EachCaller => $"{ShareOf(details):P0}, busiest caller",
        > 0 => $"{ShareOf(details):P0}",
        _ => "unused",
    };

    private void Edit(CallLimit? limit) => (_edited, _editing) = (limit, true);

    private async Task SavedAsync()
    {
        _editing = false;
        Toasts.Show(Tone.Good, "Limit saved: it counts from the next call on");
        await LoadAsync();
    }

    private async Task DeleteAsync(CallLimit limit)
    {
        if (!await TryAsync(actor => limits.DeleteAsync(actor, limit.Id, Left))) return;
        Toasts.Show(Tone.Good, "Limit deleted");
        await LoadAsync();
    }
}
