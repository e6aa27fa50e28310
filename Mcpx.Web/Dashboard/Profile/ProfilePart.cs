using System.Data.Common;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Profile;

/// <summary>A part of the profile: something of the signed-in person, in no organisation.</summary>
public abstract class ProfilePart : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private bool _disposed;

    [Inject]
    private protected AccountAdmin Accounts { get; set; } = null!;

    [Inject]
    private protected Toasts Toasts { get; set; } = null!;

    [Inject]
    private DashboardSession Session { get; set; } = null!;

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

    /// <summary>The person of the session; ask anew for each action, since the session may have ended while the page was open.</summary>
    /// <exception cref="RefusalException.Forbidden">Nobody is signed in any more.</exception>
    private protected Task<SignedIn> MeAsync() => Session.DemandAsync(Left);

    /// <summary>Does something; what is refused comes back as a sentence. Null when it was done.</summary>
    private protected async Task<string?> AttemptAsync(Func<SignedIn, Task> action)
    {
        try
        {
            await action(await MeAsync());
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
        catch (OperationCanceledException) when (_disposed)
        {
            return null;
        }
    }
}
