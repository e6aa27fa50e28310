using System.Data.Common;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Profile;

/// <summary>The person's own sessions: look at them, sign them out. For the profile page, below the layout's session guard.</summary>
public sealed partial class SessionsCard(SessionAdmin sessions, Toasts toasts) : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<UserSession>? _sessions;
    private SessionId _this;
    private UserSession? _leaving;
    private string? _error;
    private bool _leavingOthers;
    private bool _busy;

    /// <summary>What a provider is called for people; by default its own name.</summary>
    [Parameter]
    public Func<string, string>? ProviderLabel { get; set; }

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    private static int Hours => (int)UserSession.LongestIdle.TotalHours;

    private static int Days => (int)UserSession.LongestLife.TotalDays;

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    private bool IsThis(UserSession session) => session.Id == _this;

    private string LabelOf(string provider) => provider == DashboardSignIn.Link ? "a one-time link" : ProviderLabel?.Invoke(provider) ?? provider;

    private async Task LoadAsync() => _error = await AttemptAsync(async me =>
    {
        _this = me.Session;
        _sessions = [.. (await sessions.ListAsync(me, _left.Token)).OrderByDescending(IsThis)];
    });

    private async Task RevokeAsync()
    {
        if (_busy || _leaving is not { } session) return;
        _busy = true;
        await SayAsync(me => sessions.RevokeAsync(me, session.Id, _left.Token), () => "Signed out there");
        (_busy, _leaving) = (false, null);
        await LoadAsync();
    }

    private async Task RevokeOthersAsync()
    {
        if (_busy) return;
        _busy = true;
        int ended = 0;
        await SayAsync(async me => ended = await sessions.RevokeOthersAsync(me, _left.Token), () => $"Signed out in {ended:N0} other {(ended == 1 ? "place" : "places")}");
        (_busy, _leavingOthers) = (false, false);
        await LoadAsync();
    }

    private async Task SayAsync(Func<SignedIn, Task> action, Func<string> done)
    {
        string? problem = await AttemptAsync(action);
        toasts.Show(problem is null ? Tone.Good : Tone.Bad, problem ?? done());
    }

    /// <summary>Returns what to tell the person when it fails; null when it did not.</summary>
    private async Task<string?> AttemptAsync(Func<SignedIn, Task> action)
    {
        try
        {
            await action(await Session.DemandAsync(_left.Token));
            return null;
        }
        catch (RefusalException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            return "The database does not answer. Try again in a moment.";
        }
        catch (OperationCanceledException) when (_left.IsCancellationRequested)
        {
            return null;
        }
    }
}
