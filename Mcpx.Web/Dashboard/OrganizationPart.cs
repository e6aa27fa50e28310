using System.Data.Common;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard;

/// <summary>A part of a page that reads or changes something of the organisation in the address.</summary>
public abstract class OrganizationPart : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private bool _disposed;

    [CascadingParameter]
    public DashboardViewer Viewer { get; set; } = null!;

    [Inject]
    private protected Toasts Toasts { get; set; } = null!;

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    private protected string Organization => Viewer.Organization;

    /// <summary>Fires when the page is left.</summary>
    private protected CancellationToken Left => _disposed ? new CancellationToken(true) : _left.Token;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (_disposed) return;
        _disposed = true;
        _left.Cancel();
        _left.Dispose();
    }

    /// <summary>The person with their rights of this moment; ask anew for each action.</summary>
    private protected Task<Actor> ActAsync() => Session.ActorAsync(Organization, Left);

    /// <summary>Changes something; a refusal becomes a message. True when it was done.</summary>
    private protected async Task<bool> TryAsync(Func<Actor, Task> action)
    {
        try
        {
            await action(await ActAsync());
            return true;
        }
        catch (RefusalException e)
        {
            Toasts.Show(Tone.Bad, e.Message);
        }
        catch (DbException)
        {
            Toasts.Show(Tone.Bad, "The database does not answer: nothing was changed. Try again in a moment.");
        }

        return false;
    }

    /// <summary>Changes something; what is wrong with the input goes beside the fields of its form. True when it was done.</summary>
    private protected async Task<bool> TryAsync(RefusalMessages messages, Func<Actor, Task> action)
    {
        messages.Clear();
        RefusalException? refusal = null;
        bool done = await TryAsync(async actor =>
        {
            try
            {
                await action(actor);
            }
            catch (Exception e) when (e is RefusalException.Invalid or RefusalException.Conflict)
            {
                refusal = (RefusalException)e;
            }
        });
        if (refusal is not null) messages.Show(refusal);
        return done && refusal is null;
    }

    /// <summary>Looks again and again, until the page is left or there is nothing more to look for.</summary>
    /// <param name="goesOn">Asked before each look; null for always.</param>
    private protected async Task RepeatAsync(TimeSpan every, TimeProvider time, Func<Task> look, Func<bool>? goesOn = null)
    {
        using PeriodicTimer timer = new(every, time);
        try
        {
            while (goesOn?.Invoke() is not false && await timer.WaitForNextTickAsync(Left))
                await InvokeAsync(look);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was left.
        }
    }

    /// <summary>Reads something. Returns what to tell the person when it fails; null when it did not.</summary>
    /// <param name="unanswered">What to tell them when the database does not answer; null says just that.</param>
    private protected async Task<string?> ReadAsync(Func<Actor, Task> read, Func<string>? unanswered = null)
    {
        try
        {
            await read(await ActAsync());
            return null;
        }
        catch (RefusalException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            return unanswered?.Invoke() ?? "The database does not answer. Calls still go through; this page can be read again in a moment.";
        }
        catch (OperationCanceledException) when (_disposed)
        {
            return null;
        }
    }
}

/// <summary>A page below <c>/{org}</c>: for people who are signed in; the layout has checked that they belong there.</summary>
[Authorize(Policy = Policies.Dashboard)]
public abstract class OrganizationPage : OrganizationPart
{
    [Parameter]
    public string Org { get; set; } = "";
}
