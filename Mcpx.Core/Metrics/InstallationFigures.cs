using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Which organisations of the installation call how much, and how that goes. For Owners of the organisation that came with it, and for
/// nobody else: it is the one question of figures that is about other organisations than the actor's.
/// </summary>
public sealed class InstallationFigures(IMetricStore store, MetricQueries queries, OperatorOrganization operators, TimeProvider time)
{
    // What every organisation keeps at least. Who keeps less than others must not look smaller than it is.
    private static readonly MetricRetention Least =
        new(MetricRetention.FewestEventDays, MetricRetention.FewestMinuteDays, MetricRetention.FewestHourDays, MetricRetention.Default.DayDays);

    /// <param name="query">Its time; it has no filters, which are of one organisation.</param>
    /// <param name="count">At most <see cref="MetricsQuery.MostShares"/>.</param>
    /// <exception cref="RefusalException">Not an Owner of the operators' organisation, or a question that is wrong.</exception>
    public async Task<MetricRanking> RankAsync(Actor actor, MetricQuery query, MetricOrder order, int count, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        if (!operators.Is(actor.Organization))
            throw new RefusalException.Forbidden("Figures of all organisations are for Owners of the organisation that came with the installation.");
        new InputCheck().Require(Enum.IsDefined(order), "order", "Use calls, errors, errorRate, p50, p95 or p99.")
            .Require(!query.IsFiltered, "filter", "Figures of all organisations have no filters.")
            .Require(count is >= 1 and <= MetricsQuery.MostShares, "limit", $"Use 1 to {MetricsQuery.MostShares}.").ThrowIfWrong();
        MetricQuestion question = await queries.ReadAsync(actor, query, cancellationToken);
        // Its note would speak of one organisation's retention.
        MetricPlan plan = MetricPlan.For(question, MetricDimension.Organization, Least, time.GetUtcNow()) with { Note = null };
        IReadOnlyList<MetricRow> rows = await store.ReadInstallationAsync(plan.Select(MetricFilter.All, MetricDimension.Organization, inSteps: false), cancellationToken);
        MetricRow[] ranked = [.. rows.OrderByDescending(r => order.Of(r.Figures)).ThenByDescending(r => r.Figures.Counts.Calls).ThenBy(r => r.Key!.Value.Id)];
        MetricRow[] first = ranked[..Math.Min(count, ranked.Length)];
        IReadOnlyDictionary<Guid, MetricName> names = await store.OrganizationNamesAsync([.. first.Select(r => r.Key!.Value.Id)], cancellationToken);
        MetricFigures[] others = [.. ranked[first.Length..].Select(r => r.Figures)];
        return new MetricRanking(plan, MetricDimension.Organization, [.. first.Select(r => new MetricShare(r.Key!.Value, names.GetValueOrDefault(r.Key.Value.Id), r.Figures, Previous: null))],
            others.Length, MetricFigures.Merge(others), MetricFigures.Merge([.. rows.Select(r => r.Figures)]));
    }
}
