using System.Collections.Concurrent;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>Whoever looks, and at whichever ranges: an organisation is read once a second.</summary>
public sealed class LiveFiguresTests
{
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15), Day = TimeSpan.FromDays(1);

    private readonly TestClock _clock = new();
    private readonly CountingStore _store = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_who_look_at_an_organisation_share_one_poller_until_the_last_has_left()
    {
        using LiveFigures figures = new(_store, _clock, NullLogger<LiveFigures>.Instance);
        Actor acme = NewActor();
        ConcurrentQueue<LiveFrame> quarter = new(), alsoQuarter = new(), day = new();
        IDisposable first = figures.Subscribe(acme, Quarter, quarter.Enqueue);
        await Eventually.TrueAsync(() => quarter.Count == 1, "the first has figures", Cancelled);
        IDisposable second = figures.Subscribe(acme, Day, day.Enqueue);
        await Eventually.TrueAsync(() => day.Count == 1, "another range is read at once", Cancelled);
        IDisposable third = figures.Subscribe(acme, Quarter, alsoQuarter.Enqueue);
        alsoQuarter.Count.ShouldBe(1, "They are there already.");
        figures.Running.ShouldBe(1);
        int asked = _store.Questions.Count;

        for (int second1 = 1; second1 <= 5; second1++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Eventually.TrueAsync(() => _store.Questions.Count == asked + second1 && day.Last().At == _clock.GetUtcNow() && alsoQuarter.Last().At == _clock.GetUtcNow(), "a second later all have the same moment", Cancelled);
        }

        (day.Last().Step, quarter.Last().Step, quarter.Last().Steps.Count, day.Last().Steps.Count).ShouldBe((TimeSpan.FromSeconds(288), TimeSpan.FromSeconds(3), 300, 300));
        _store.Questions.Last().Count.ShouldBeLessThanOrEqualTo(3, "The minute and what is new of two ranges.");
        _store.Questions.Skip(asked).SelectMany(q => q.Skip(1)).ShouldAllBe(s => s.To - s.From <= s.Step, "Of a range, what is new.");

        first.Dispose();
        first.Dispose();
        second.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => alsoQuarter.Last().At == _clock.GetUtcNow(), "who stays goes on", Cancelled);
        (day.Last().At, quarter.Last().At).ShouldBe((_clock.GetUtcNow().AddSeconds(-1), _clock.GetUtcNow().AddSeconds(-1)), "Who left hears no more.");
        third.Dispose();
        figures.Running.ShouldBe(0);
        int before = _store.Questions.Count;
        _clock.Advance(TimeSpan.FromSeconds(10));
        using IDisposable other = figures.Subscribe(NewActor(), Quarter, _ => { });
        await Eventually.TrueAsync(() => _store.Questions.Count > before, "another organisation is read", Cancelled);
        _store.Questions.Count.ShouldBe(before + 1, "Nobody reads for nobody.");
    }

    [Fact]
    public async Task When_it_can_not_be_read_all_keep_what_they_have_and_hear_so()
    {
        using LiveFigures figures = new(_store, _clock, NullLogger<LiveFigures>.Instance);
        Actor acme = NewActor();
        ConcurrentQueue<LiveFrame> quarter = new(), day = new();
        using IDisposable first = figures.Subscribe(acme, Quarter, quarter.Enqueue);
        await Eventually.TrueAsync(() => quarter.Count == 1, "there are figures", Cancelled);
        _store.IsAway = true;
        using IDisposable second = figures.Subscribe(acme, Day, day.Enqueue);
        await Eventually.TrueAsync(() => day.Count == 1 && quarter.Count == 2, "both hear of it", Cancelled);
        (quarter.Last().Stale, quarter.Last().Steps.Count, day.Last().Stale, day.Last().Steps.Count).ShouldBe((true, 300, true, 0));

        _store.IsAway = false;
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => !day.Last().Stale && !quarter.Last().Stale, "they are back", Cancelled);
        day.Last().Steps.Count.ShouldBe(300);
    }

    private static Actor NewActor() => Actor.Of(
        new Membership(new Organization(DataHost.NewId<OrganizationId>(), "acme", "Acme"), new User(DataHost.NewId<UserId>(), "Ann", "ann@acme.example"), Role.Member), TestChanges.Origin);

    private sealed class CountingStore : IMetricStore
    {
        public ConcurrentQueue<IReadOnlyList<MetricSpan>> Questions { get; } = new();

        public bool IsAway { get; set; }

        public Task<LiveAnswer> LiveAsync(OrganizationId organization, IReadOnlyList<MetricSpan> spans, MetricSpan? servers, CancellationToken cancellationToken)
        {
            Questions.Enqueue(spans);
            if (IsAway) throw new TimeoutException("The database is away.");
            return Task.FromResult(new LiveAnswer([.. spans.Select(s => new MetricSeries(s.Step, [.. Enumerable.Range(0, (int)((s.To - s.From) / s.Step)).Select(i => Empty(s.From + i * s.Step))], Empty(s.From)))], servers is null ? null : []));
        }

        public Task<IReadOnlyList<ServerFigures>> ByServerAsync(OrganizationId organization, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<MetricRow>> ReadAsync(OrganizationId organization, MetricSelection selection, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<MetricRow>> ReadInstallationAsync(MetricSelection selection, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyDictionary<Guid, MetricName>> NamesAsync(OrganizationId organization, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyDictionary<Guid, MetricName>> OrganizationNamesAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<MetricRetention?> FindRetentionAsync(OrganizationId organization, CancellationToken cancellationToken) => throw new NotSupportedException();

        private static MetricPoint Empty(DateTimeOffset at) => new(at, 0, 0, 0, null, null, null);
    }
}
