using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>The one door to the record of calls.</summary>
public sealed class CallAdmin(ICallStore store, CallJournal journal)
{
    public const int LargestPage = 200;

    /// <summary>Newest first. What this replica answered before the question is in the list.</summary>
    /// <exception cref="RefusalException">Not allowed, or the cursor is not one of ours.</exception>
    public async Task<Page<CallRecord>> ListAsync(Actor actor, CallFilter filter, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        await journal.FlushAsync(cancellationToken);
        return await store.ListAsync(actor.Organization, filter with { Size = Math.Clamp(filter.Size, 1, LargestPage) }, cancellationToken);
    }

    /// <summary>With payloads when the actor made the call or may see those of others.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<CallRecord> GetAsync(Actor actor, CallId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        await journal.FlushAsync(cancellationToken);
        CallRecord call = await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("call");
        bool mayRead = call.User == actor.User || actor.Role.Allows(Permission.SeePayloads);
        return mayRead ? call : call with { Request = null, Response = null };
    }
}
