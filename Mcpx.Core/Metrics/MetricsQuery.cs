using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>What the dashboard and the API ask of history. Every question is about the actor's organisation and no other.</summary>
public sealed class MetricsQuery(IMetricStore store, TimeProvider time)
{
    public const int MostShares = 50;

    /// <summary>Series that stand beside each other; each is a question of its own.</summary>
    public const int MostCompared = 10;

    public Task<IReadOnlyList<ServerFigures>> ByServerAsync(Actor actor, TimeSpan range, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        DateTimeOffset now = time.GetUtcNow();
        return store.ByServerAsync(actor.Organization, now - range, now.AddSeconds(1), cancellationToken);
    }

    /// <summary>What servers, gateways and callers of the organisation are called, or were when they went.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyDictionary<Guid, MetricName>> NamesAsync(Actor actor, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.NamesAsync(actor.Organization, ids, cancellationToken);
    }

    /// <summary>A range step by step, as a whole, and beside the one before it.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or of a time of which this is not kept.</exception>
    public async Task<MetricHistory> HistoryAsync(Actor actor, MetricQuestion question, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        MetricPlan plan = await PlanAsync(actor, question, by: null, cancellationToken);
        MetricFigures? before = plan.SelectPrevious(question.Filter, by: null) is { } previous
            ? MetricFigures.Merge([.. (await store.ReadAsync(actor.Organization, previous, cancellationToken)).Select(r => r.Figures)])
            : null;
        return await HistoryAsync(actor, plan, question.Filter, before, cancellationToken);
    }

    /// <summary>The busiest, slowest or worst of a dimension, and all others together.</summary>
    /// <param name="count">At most <see cref="MostShares"/>.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, or of a time of which this is not kept.</exception>
    public async Task<MetricRanking> RankAsync(Actor actor, MetricQuestion question, MetricDimension by, MetricOrder order, int count, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        new InputCheck().Require(by is not MetricDimension.Organization && Enum.IsDefined(by), "by", "Use server, tool, gateway, caller or method.")
            .Require(Enum.IsDefined(order), "order", "Use calls, errors, errorRate, p50, p95 or p99.")
            .Require(count is >= 1 and <= MostShares, "limit", $"Use 1 to {MostShares}.").ThrowIfWrong();
        MetricPlan plan = await PlanAsync(actor, question, by, cancellationToken);
        IReadOnlyList<MetricRow> rows = await store.ReadAsync(actor.Organization, plan.Select(question.Filter, by, inSteps: false), cancellationToken);
        IReadOnlyDictionary<MetricKey, MetricFigures> before = plan.SelectPrevious(question.Filter, by) is { } previous
            ? (await store.ReadAsync(actor.Organization, previous, cancellationToken)).ToDictionary(r => r.Key!.Value, r => r.Figures)
            : new Dictionary<MetricKey, MetricFigures>();
        MetricRow[] ranked = [.. rows.OrderByDescending(r => order.Of(r.Figures)).ThenByDescending(r => r.Figures.Counts.Calls).ThenBy(r => r.Key!.Value.Id).ThenBy(r => r.Key!.Value.Name, StringComparer.Ordinal)];
        MetricRow[] first = ranked[..Math.Min(count, ranked.Length)];
        IReadOnlyDictionary<Guid, MetricName> names = await NamesOfAsync(actor, first, cancellationToken);
        MetricShare[] shares = [.. first.Select(r => new MetricShare(r.Key!.Value, names.GetValueOrDefault(r.Key.Value.Id), r.Figures, before.GetValueOrDefault(r.Key.Value)))];
        MetricFigures[] others = [.. ranked[first.Length..].Select(r => r.Figures)];
        return new MetricRanking(plan, by, shares, others.Length, MetricFigures.Merge(others), MetricFigures.Merge([.. rows.Select(r => r.Figures)]));
    }

    /// <summary>The first of a ranking, each step by step.</summary>
    /// <param name="count">At most <see cref="MostCompared"/>.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, or of a time of which this is not kept.</exception>
    public async Task<MetricComparison> CompareAsync(Actor actor, MetricQuestion question, MetricDimension by, MetricOrder order, int count, CancellationToken cancellationToken)
    {
        new InputCheck().Require(count is >= 1 and <= MostCompared, "limit", $"Use 1 to {MostCompared}.").ThrowIfWrong();
        MetricRanking ranking = await RankAsync(actor, question, by, order, count, cancellationToken);
        List<MetricHistory> histories = [];
        foreach (MetricShare share in ranking.Shares)
        {
            MetricFilter filter = by switch
            {
                MetricDimension.Server => question.Filter with { Server = ServerId.From(share.Key.Id) },
                MetricDimension.Tool => question.Filter with { Server = ServerId.From(share.Key.Id), Tool = share.Key.Name },
                MetricDimension.Gateway => question.Filter with { Gateway = GatewayId.From(share.Key.Id) },
                MetricDimension.Caller => question.Filter with { Caller = share.Key.Id },
                _ => question.Filter with { Method = share.Key.Name },
            };
            // The ranking has read what was before.
            MetricFigures? before = ranking.Plan.SelectPrevious(filter, by) is null ? null : share.Previous ?? MetricFigures.None;
            histories.Add(await HistoryAsync(actor, ranking.Plan, filter, before, cancellationToken));
        }

        return new MetricComparison(ranking, histories);
    }

    private async Task<MetricHistory> HistoryAsync(Actor actor, MetricPlan plan, MetricFilter filter, MetricFigures? before, CancellationToken cancellationToken)
    {
        Dictionary<DateTimeOffset, MetricFigures> found = (await store.ReadAsync(actor.Organization, plan.Select(filter, by: null, inSteps: true), cancellationToken))
            .ToDictionary(r => r.At, r => r.Figures);
        return new MetricHistory(plan, [.. plan.Steps.Select(at => new MetricStep(at, found.GetValueOrDefault(at, MetricFigures.None)))], MetricFigures.Merge(found.Values), before);
    }

    private async Task<MetricPlan> PlanAsync(Actor actor, MetricQuestion question, MetricDimension? by, CancellationToken cancellationToken) =>
        MetricPlan.For(question, by, await store.FindRetentionAsync(actor.Organization, cancellationToken) ?? MetricRetention.Default, time.GetUtcNow());

    private async Task<IReadOnlyDictionary<Guid, MetricName>> NamesOfAsync(Actor actor, IReadOnlyCollection<MetricRow> rows, CancellationToken cancellationToken)
    {
        Guid[] ids = [.. rows.Select(r => r.Key!.Value.Id).Where(id => id != Guid.Empty).Distinct()];
        return ids.Length == 0 ? new Dictionary<Guid, MetricName>() : await store.NamesAsync(actor.Organization, ids, cancellationToken);
    }
}
