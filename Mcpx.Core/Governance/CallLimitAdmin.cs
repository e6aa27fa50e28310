using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>A limit as it shall be; see <see cref="CallLimit"/>.</summary>
public sealed record NewCallLimit(ServerId? Server = null, string? Tool = null, RuleAudience? For = null, bool EachCaller = true, int? PerMinute = null, int? AtOnce = null);

/// <param name="Use">On this replica.</param>
public sealed record CallLimitDetails(CallLimit Limit, LimitUse Use);

public interface ICallLimitStore
{
    /// <summary>In the order of their making.</summary>
    Task<IReadOnlyList<CallLimit>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Adds it while the organisation has fewer than <paramref name="most"/>; false when it has as many.</summary>
    /// <exception cref="RefusalException.NotFound">The organisation has no such server.</exception>
    Task<bool> AddAsync(OrganizationId organization, CallLimit limit, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such limit.</summary>
    /// <exception cref="RefusalException.NotFound">The organisation has no such server.</exception>
    Task<bool> UpdateAsync(OrganizationId organization, CallLimit limit, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such limit.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, CallLimitId limit, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>The one door to limits of calls.</summary>
public sealed class CallLimitAdmin(ICallLimitStore store, IGovernanceStore governance, CallMeter meter, ChangeFeed changes, TimeProvider time)
{
    /// <summary>Each is looked at for each call.</summary>
    public const int MostLimits = 200;

    public const int LargestPerMinute = 100_000;
    public const int LargestAtOnce = 10_000;

    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<IReadOnlyList<CallLimitDetails>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return [.. (await store.ListAsync(actor.Organization, cancellationToken)).Select(l => new CallLimitDetails(l, meter.UseOf(l)))];
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or too many.</exception>
    public async Task<CallLimitDetails> CreateAsync(Actor actor, NewCallLimit input, CancellationToken cancellationToken)
    {
        CallLimit limit = await ReadAsync(actor, EntityId.New<CallLimitId>(time), input, Instant.Now(time), cancellationToken);
        if (!await store.AddAsync(actor.Organization, limit, MostLimits, ChangeBy(actor, AdminAction.LimitCreate, limit.Id), cancellationToken))
            throw new RefusalException.Conflict("limit", $"An organisation has at most {MostLimits} limits.");
        return await ChangedAsync(actor, limit);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or not there.</exception>
    public async Task<CallLimitDetails> UpdateAsync(Actor actor, CallLimitId id, NewCallLimit input, CancellationToken cancellationToken)
    {
        CallLimit limit = await ReadAsync(actor, id, input, Instant.Now(time), cancellationToken);
        if (!await store.UpdateAsync(actor.Organization, limit, ChangeBy(actor, AdminAction.LimitUpdate, id), cancellationToken)) throw new RefusalException.NotFound("limit");
        return await ChangedAsync(actor, limit);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, CallLimitId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        if (!await store.DeleteAsync(actor.Organization, id, ChangeBy(actor, AdminAction.LimitDelete, id), cancellationToken)) throw new RefusalException.NotFound("limit");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action, CallLimitId id) => AdminChange.By(actor, action, SubjectKinds.Limit, id.Value, time);

    private async Task<CallLimitDetails> ChangedAsync(Actor actor, CallLimit limit)
    {
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        return new CallLimitDetails(limit, meter.UseOf(limit));
    }

    private async Task<CallLimit> ReadAsync(Actor actor, CallLimitId id, NewCallLimit input, DateTimeOffset at, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        RuleAudience audience = input.For ?? RuleAudience.Everyone;
        InputCheck check = new();
        check.Require(input.Tool is null or { Length: > 0 and <= GovernanceAdmin.LongestPattern }, "tool", $"A tool's name or pattern has 1 to {GovernanceAdmin.LongestPattern} characters.")
            .Text(input.Tool, "tool")
            .Require(audience.IsWhole, "for", RuleAudience.NotWhole)
            .Require(input.PerMinute is not null || input.AtOnce is not null, "perMinute", "Give calls a minute, calls at once, or both.")
            .Require(input.PerMinute is null or > 0 and <= LargestPerMinute, "perMinute", $"Use 1 to {LargestPerMinute:N0} calls.")
            .Require(input.AtOnce is null or > 0 and <= LargestAtOnce, "atOnce", $"Use 1 to {LargestAtOnce:N0} calls.")
            .ThrowIfWrong();
        if (audience.Id is { } named && !(await governance.NamesAsync(actor.Organization, [audience], cancellationToken)).ContainsKey(named))
            check.Require(false, "for", "The organisation has no such member, service account or token.").ThrowIfWrong();
        return new CallLimit(id, input.Server, input.Tool, audience, input.EachCaller, input.PerMinute, input.AtOnce, at);
    }
}
