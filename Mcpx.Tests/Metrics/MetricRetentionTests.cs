using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>How long figures are there, level by level and organisation by organisation.</summary>
public sealed class MetricRetentionTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Everywhen = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), Never = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_level_stays_as_long_as_its_organisation_keeps_it()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 11);
        OrganizationId brief = (await stage.Host.AddOrganizationAsync("brief")).Organization.Id, patient = (await stage.Host.AddOrganizationAsync("patient")).Organization.Id;
        await stage.ExecuteAsync($"UPDATE organizations SET metric_event_days = 10, metric_minute_days = 12, metric_hour_days = 40, metric_day_days = 50 WHERE id = '{patient}'");
        await stage.ExecuteAsync($"UPDATE organizations SET metric_event_days = 7, metric_minute_days = 8, metric_hour_days = 31, metric_day_days = 45 WHERE id = '{brief}'");
        DateTimeOffset day = clock.GetUtcNow();
        await AddAsync(stage, brief, day);
        await AddAsync(stage, patient, day);
        await stage.RollUpAsync();

        // Days after the calls until which a level still has them: whole days, so the day itself comes on top.
        (OrganizationId Organization, int[] Days)[] kept = [(brief, [7, 8, 31, 45]), (patient, [10, 12, 40, 50])];
        for (int passed = 0; passed <= 52; passed++)
        {
            if (passed is 6 or 7 or 8 or 9 or 10 or 11 or 12 or 13 or 30 or 31 or 32 or 33 or 39 or 40 or 41 or 44 or 45 or 46 or 50 or 51 or 52)
            {
                await stage.RollUpAsync();
                await new MetricRetentionJob(stage.Host.Get<IMetricRetentionStore>(), clock).RunAsync(Cancelled);
                foreach (var (organization, days) in kept)
                {
                    for (int level = 0; level < days.Length; level++)
                        (await CountAsync(stage, organization, (MetricLevel)level)).ShouldBe(passed <= days[level] ? 20 : 0, $"{(MetricLevel)level} of {organization}, {passed} days after, kept {days[level]}");
                }
            }

            clock.Advance(TimeSpan.FromDays(1));
        }
    }

    [Fact]
    public async Task Nothing_goes_before_it_is_part_of_the_level_above()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 15);
        OrganizationId acme = (await stage.Host.AddOrganizationAsync("acme")).Organization.Id;
        await AddAsync(stage, acme, clock.GetUtcNow());
        clock.Advance(TimeSpan.FromDays(20));

        await new MetricRetentionJob(stage.Host.Get<IMetricRetentionStore>(), clock).RunAsync(Cancelled);

        foreach (MetricLevel level in Enum.GetValues<MetricLevel>()) (await CountAsync(stage, acme, level)).ShouldBe(20, level.ToString());
    }

    [Fact]
    public async Task What_was_rolled_up_stays_right_when_its_source_is_gone()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 12);
        OrganizationId acme = (await stage.Host.AddOrganizationAsync("acme")).Organization.Id;
        await AddAsync(stage, acme, clock.GetUtcNow());
        await stage.RollUpAsync();
        clock.Advance(TimeSpan.FromDays(8));
        await stage.RollUpAsync();
        await new MetricRetentionJob(stage.Host.Get<IMetricRetentionStore>(), clock).RunAsync(Cancelled);
        // New calls, and one as late as they may come.
        await AddAsync(stage, acme, clock.GetUtcNow());
        await AddAsync(stage, acme, clock.GetUtcNow() - TimeSpan.FromDays(5));
        await stage.RollUpAsync();

        (await CountAsync(stage, acme, MetricLevel.Event)).ShouldBe(40);
        foreach (MetricLevel level in (MetricLevel[])[MetricLevel.Minute, MetricLevel.Hour, MetricLevel.Day])
            (await CountAsync(stage, acme, level)).ShouldBe(60, level.ToString());
    }

    [Fact]
    public async Task An_organisation_that_ends_takes_its_figures_along()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 13);
        OrganizationId acme = (await stage.Host.AddOrganizationAsync("acme")).Organization.Id, ended = OrganizationId.From(Guid.CreateVersion7());
        foreach (OrganizationId organization in (OrganizationId[])[acme, ended, OrganizationId.None]) await AddAsync(stage, organization, clock.GetUtcNow());
        await stage.RollUpAsync();

        await new MetricRetentionJob(stage.Host.Get<IMetricRetentionStore>(), clock).RunAsync(Cancelled);

        foreach (MetricLevel level in Enum.GetValues<MetricLevel>())
        {
            (await CountAsync(stage, ended, level)).ShouldBe(0, level.ToString());
            (await CountAsync(stage, acme, level)).ShouldBe(20, level.ToString());
            MetricSelection all = new(level, Everywhen, Never, null, MetricFilter.All, MetricDimension.Organization);
            (await stage.Store.ReadInstallationAsync(all, Cancelled)).Single(r => r.Key!.Value.Id == Guid.Empty).Figures.Counts.Calls.ShouldBe(20, level.ToString());
        }
    }

    [Fact]
    public async Task Who_runs_the_installation_hears_when_calls_are_not_rolled_up()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 17);
        IMetricRetentionStore store = stage.Host.Get<IMetricRetentionStore>();
        (await store.ReportAsync(clock.GetUtcNow(), Cancelled)).IsBehind.ShouldBeFalse("There are no calls.");
        await stage.AddAsync(20, clock.GetUtcNow().AddMinutes(-5), clock.GetUtcNow());
        (await store.ReportAsync(clock.GetUtcNow().AddMinutes(4), Cancelled)).IsBehind.ShouldBeFalse("They are new.");

        clock.Advance(TimeSpan.FromMinutes(11));
        (await store.ReportAsync(clock.GetUtcNow(), Cancelled)).IsBehind.ShouldBeTrue();

        await stage.RollUpAsync();
        RollUpReport report = await store.ReportAsync(clock.GetUtcNow(), Cancelled);
        report.IsBehind.ShouldBeFalse();
        report.Until[MetricLevel.Minute].ShouldBeGreaterThan(clock.GetUtcNow().AddMinutes(-12));
        clock.Advance(TimeSpan.FromHours(5));
        (await store.ReportAsync(clock.GetUtcNow(), Cancelled)).IsBehind.ShouldBeFalse("Nobody has called since.");
    }

    [Fact]
    public async Task Many_organisations_are_no_more_work_than_one()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 16);
        List<OrganizationId> all = [];
        for (int i = 1; i <= 30; i++) all.Add((await stage.Host.AddOrganizationAsync($"o{i}")).Organization.Id);
        await stage.ExecuteAsync("UPDATE organizations SET metric_event_days = 7 + right(slug, 1)::int, metric_minute_days = 20");
        DateTimeOffset day = clock.GetUtcNow();
        foreach (OrganizationId organization in all) await AddAsync(stage, organization, day);
        await stage.RollUpAsync();
        clock.Advance(TimeSpan.FromDays(12));
        await stage.RollUpAsync();
        CountingRetention counting = new(stage.Host.Get<IMetricRetentionStore>());

        await new MetricRetentionJob(counting, clock).RunAsync(Cancelled);

        counting.Deletions.ShouldBe(8, "Two a level: what has passed its time, and of whom is gone.");
        for (int i = 0; i < all.Count; i++)
        {
            // The slug of the last digit says how long.
            int kept = 7 + (i + 1) % 10;
            (await CountAsync(stage, all[i], MetricLevel.Event)).ShouldBe(kept >= 12 ? 20 : 0, $"o{i + 1}, kept {kept} days");
            (await CountAsync(stage, all[i], MetricLevel.Minute)).ShouldBe(20);
        }
    }

    [Fact]
    public async Task What_is_gone_is_still_called_by_its_name()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 14);
        OrganizationId acme = (await stage.Host.AddOrganizationAsync("acme")).Organization.Id;
        ServerId server = (await stage.Host.AddServerAsync(acme, "finance")).Id;
        (await stage.Store.NamesAsync(acme, [server.Value], Cancelled))[server.Value].ShouldBe(new MetricName("finance", IsGone: false, "finance"));

        await stage.ExecuteAsync($"DELETE FROM servers WHERE id = '{server}'");

        (await stage.Store.NamesAsync(acme, [server.Value], Cancelled))[server.Value].ShouldBe(new MetricName("finance", IsGone: true, null));
        (await stage.Store.NamesAsync(OrganizationId.From(Guid.CreateVersion7()), [server.Value], Cancelled)).ShouldBeEmpty("They are another organisation's.");
        await stage.ExecuteAsync($"DELETE FROM organizations WHERE id = '{acme}'");
        (await stage.Host.QueryAsync("SELECT count(*) FROM metric_names")).ShouldBe(0L);
    }

    private static async Task AddAsync(FigureStage stage, OrganizationId organization, DateTimeOffset at) => await stage.Host.Get<Mcpx.Core.Calls.ICallStore>().WriteAsync(
        [.. Enumerable.Range(0, 20).Select(_ => stage.Make(at.AddHours(-1), at) with { Organization = organization, Id = Mcpx.Core.Primitives.CallId.From(Guid.CreateVersion7()) })], Cancelled);

    private static async Task<long> CountAsync(FigureStage stage, OrganizationId organization, MetricLevel level) =>
        (await stage.Store.ReadAsync(organization, new MetricSelection(level, Everywhen, Never, null, MetricFilter.All), Cancelled)).Sum(r => r.Figures.Counts.Calls);

    private sealed class CountingRetention(IMetricRetentionStore store) : IMetricRetentionStore
    {
        public int Deletions { get; private set; }

        public Task<bool> SaveAsync(OrganizationId organization, MetricRetention retention, Mcpx.Core.Audit.AdminChange change, CancellationToken cancellationToken) => store.SaveAsync(organization, retention, change, cancellationToken);

        public Task<IReadOnlyList<(OrganizationId Organization, MetricRetention Kept)>> ListAsync(CancellationToken cancellationToken) => store.ListAsync(cancellationToken);

        public Task<IReadOnlyDictionary<MetricLevel, DateTimeOffset>> RolledUpAsync(CancellationToken cancellationToken) => store.RolledUpAsync(cancellationToken);

        public Task<RollUpReport> ReportAsync(DateTimeOffset now, CancellationToken cancellationToken) => store.ReportAsync(now, cancellationToken);

        public Task<IReadOnlyList<OrganizationId>> ListEndedAsync(MetricLevel level, CancellationToken cancellationToken) => store.ListEndedAsync(level, cancellationToken);

        public Task<long> DeleteAsync(MetricLevel level, IReadOnlyCollection<(OrganizationId Organization, DateTimeOffset Before)> passed, CancellationToken cancellationToken)
        {
            Deletions++;
            return store.DeleteAsync(level, passed, cancellationToken);
        }

        public Task<int> DropAsync(MetricLevel level, DateTimeOffset before, CancellationToken cancellationToken) => store.DropAsync(level, before, cancellationToken);
    }
}
