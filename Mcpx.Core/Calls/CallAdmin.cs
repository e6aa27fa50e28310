using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>The one door to the record of calls.</summary>
public sealed class CallAdmin(ICallStore store, CallJournal journal)
{
    public const int LargestPage = 200;

    /// <summary>Counting ends here: nobody acts on the difference, and every row of it costs.</summary>
    public const int MostCounted = 10_000;

    private const int MostRounds = 50;

    private static readonly TimeSpan RoundsWithin = TimeSpan.FromDays(1);

    /// <summary>Newest first. What this replica answered before the question is in the list.</summary>
    /// <exception cref="RefusalException">Not allowed, or the cursor is not one of ours.</exception>
    public async Task<Page<CallRecord>> ListAsync(Actor actor, CallFilter filter, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        await journal.FlushAsync(cancellationToken);
        return await store.ListAsync(actor.Organization, filter with { Size = Math.Clamp(filter.Size, 1, LargestPage), Reader = PayloadReader.Of(actor) }, cancellationToken);
    }

    /// <summary>How many calls match, up to <see cref="MostCounted"/>; the filter's cursor and size don't matter.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<CallCount> CountAsync(Actor actor, CallFilter filter, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        await journal.FlushAsync(cancellationToken);
        return await store.CountAsync(actor.Organization, filter with { Cursor = null, Reader = PayloadReader.Of(actor) }, MostCounted, cancellationToken);
    }

    /// <summary>
    /// The calls that are one to the client, oldest first; this one alone for most. Every one is within a day of the next: so
    /// long a server's question may wait for its answer, many times over.
    /// </summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<IReadOnlyList<CallRecord>> ListRoundsAsync(Actor actor, CallRecord call, CancellationToken cancellationToken)
    {
        CallFilter filter = new(FirstRound: call.FirstRound ?? call.Id, From: call.Time - RoundsWithin, To: call.Time + RoundsWithin, Size: MostRounds);
        return [.. (await ListAsync(actor, filter, cancellationToken)).Items.Reverse()];
    }

    /// <summary>With payloads when the actor made the call or may see those of others.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<CallRecord> GetAsync(Actor actor, CallId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        await journal.FlushAsync(cancellationToken);
        CallRecord call = await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("call");
        return PayloadReader.Of(actor).Reveal(call);
    }
}
