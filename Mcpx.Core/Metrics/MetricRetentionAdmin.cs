using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>Where it is kept, and what removes figures whose time is over.</summary>
public interface IMetricRetentionStore
{
    /// <summary>False when the organisation is gone.</summary>
    Task<bool> SaveAsync(OrganizationId organization, MetricRetention retention, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Every organisation.</summary>
    Task<IReadOnlyList<(OrganizationId Organization, MetricRetention Kept)>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Until when each level is rolled up from the one below.</summary>
    Task<IReadOnlyDictionary<MetricLevel, DateTimeOffset>> RolledUpAsync(CancellationToken cancellationToken);

    /// <summary>The same, and whether that is as it should be.</summary>
    Task<RollUpReport> ReportAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Whose figures are there although they are gone themselves.</summary>
    Task<IReadOnlyList<OrganizationId>> ListEndedAsync(MetricLevel level, CancellationToken cancellationToken);

    /// <summary>Of each organisation what is of before its instant, at once.</summary>
    /// <returns>How many rows.</returns>
    Task<long> DeleteAsync(MetricLevel level, IReadOnlyCollection<(OrganizationId Organization, DateTimeOffset Before)> passed, CancellationToken cancellationToken);

    /// <summary>Whole partitions or chunks that end at or before an instant, whoever they are of.</summary>
    /// <returns>How many.</returns>
    Task<int> DropAsync(MetricLevel level, DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>The one door to how long figures are kept.</summary>
public sealed class MetricRetentionAdmin(IMetricStore metrics, IMetricRetentionStore store, TimeProvider time)
{
    /// <exception cref="RefusalException">Not allowed, or the organisation is gone.</exception>
    public async Task<MetricRetention> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await metrics.FindRetentionAsync(actor.Organization, cancellationToken) ?? throw Gone();
    }

    /// <summary>Shorter times hold with the next turn, within the hour: what they let go is gone for good.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or the organisation is gone.</exception>
    public async Task<MetricRetention> SaveAsync(Actor actor, MetricRetention retention, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        new InputCheck()
            .Require(retention.EventDays is >= MetricRetention.FewestEventDays and <= MetricRetention.MostDays, "eventDays", $"Use {MetricRetention.FewestEventDays} to {MetricRetention.MostDays} days: calls may be recorded six days late.")
            .Require(retention.MinuteDays is >= MetricRetention.FewestMinuteDays and <= MetricRetention.MostDays, "minuteDays", $"Use {MetricRetention.FewestMinuteDays} to {MetricRetention.MostDays} days.")
            .Require(retention.HourDays is >= MetricRetention.FewestHourDays and <= MetricRetention.MostDays, "hourDays", $"Use {MetricRetention.FewestHourDays} to {MetricRetention.MostDays} days.")
            .Require(retention.DayDays is >= 1 and <= MetricRetention.MostDays, "dayDays", $"Use 1 to {MetricRetention.MostDays} days.")
            .Require(retention.EventDays <= retention.MinuteDays, "minuteDays", "Figures by the minute can't go before single calls.")
            .Require(retention.MinuteDays <= retention.HourDays, "hourDays", "Figures by the hour can't go before those by the minute.")
            .Require(retention.HourDays <= retention.DayDays, "dayDays", "Figures by the day can't go before those by the hour.")
            .ThrowIfWrong();
        AdminChange change = AdminChange.By(actor, AdminAction.MetricRetentionReplace, SubjectKinds.Organization, actor.Organization.Value, time);
        if (!await store.SaveAsync(actor.Organization, retention, change, cancellationToken)) throw Gone();
        return retention;
    }

    private static RefusalException.NotFound Gone() => new("organisation");
}
