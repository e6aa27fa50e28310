using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Search;

/// <summary>A filter that is to be saved.</summary>
/// <param name="Query">As it stands in an address behind the question mark, with or without that.</param>
public sealed record NewSavedFilter(string? Name, string? Query);

/// <summary>The one door to saved filters. Whoever sees calls saves some; they go by who made them, or an Admin.</summary>
public sealed class SavedFilterAdmin(ISavedFilterStore store, CallQueries queries, TimeProvider time)
{
    public const int MostFilters = 100;
    public const int LongestName = 60;

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<SavedFilter>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, taken, or too many.</exception>
    public async Task<SavedFilter> CreateAsync(Actor actor, NewSavedFilter input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        InputCheck check = new InputCheck().Name(input.Name, "name", LongestName);
        CallQuery query = KeptQuery.Check(check, input.Query);
        string kept = query.ToText();
        check.Require(kept.Length > 0, "query", "Choose a filter first: this one is all calls.").ThrowIfWrong();
        // What means nothing now would mean nothing to whoever opens it.
        await queries.ReadAsync(actor, query, cancellationToken);
        SavedFilter filter = new(EntityId.New<SavedFilterId>(time), input.Name!.Trim(), kept, actor.Principal.Id, actor.Name, Instant.Now(time));
        AdminChange change = AdminChange.By(actor, AdminAction.SavedFilterCreate, SubjectKinds.SavedFilter, filter.Id.Value, time);
        if (!await store.AddAsync(actor.Organization, filter, MostFilters, change, cancellationToken))
            throw new RefusalException.Conflict("name", $"An organisation has at most {MostFilters} saved filters.");
        return filter;
    }

    /// <exception cref="RefusalException">Not allowed, or none that the actor may delete.</exception>
    public async Task DeleteAsync(Actor actor, SavedFilterId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        AdminChange change = AdminChange.By(actor, AdminAction.SavedFilterDelete, SubjectKinds.SavedFilter, id.Value, time);
        if (!await store.DeleteAsync(actor.Organization, id, MayDeleteAll(actor.Role) ? null : actor.Principal.Id, change, cancellationToken))
            throw new RefusalException.NotFound("saved filter");
    }

    public static bool MayDeleteAll(Role role) => role.Allows(Permission.ManageGovernance);
}
