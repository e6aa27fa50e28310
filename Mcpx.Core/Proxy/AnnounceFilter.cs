using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;

namespace Mcpx.Core.Proxy;

/// <summary>
/// In organisations that record strictly: what is about to be forwarded stands in the database before the server sees it,
/// so that a call whose gateway is killed in the middle is on record too.
/// </summary>
public sealed class AnnounceFilter(CallJournal journal, RecordMaker maker) : IProxyFilter
{
    /// <summary>An agent learns within two seconds that its call can't be made.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    public ValueTask InvokeAsync(ProxyContext context, ProxyStep next) =>
        // A stream that stands open asks nothing of the server; it is recorded when it ends.
        context is { Route: not null, IsStanding: false, IsStrict: true } ? AnnounceAsync(context, next) : next(context);

    private async ValueTask AnnounceAsync(ProxyContext context, ProxyStep next)
    {
        if (!journal.CanStore)
        {
            Refuse(context);
            return;
        }

        try
        {
            // Before it is written: should only the waiting fail, the call's end must take the intent back.
            context.IsAnnounced = true;
            await journal.AppendAsync(maker.MakeIntent(context));
            await journal.DemandStoredAsync(Patience);
        }
        catch (JournalException)
        {
            Refuse(context);
            return;
        }

        await next(context);
    }

    private static void Refuse(ProxyContext context)
    {
        context.Cause = CallCauses.Unrecorded;
        context.Refuse(CallOutcome.RateLimited, ProxyErrors.Overloaded,
            "The organisation records strictly, and the database takes no records at the moment. Nothing was forwarded.", RecordFilter.RetryAfter);
    }
}
