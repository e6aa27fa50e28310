using Mcpx.Core.Calls;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Metrics;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>
/// What is rolled up says the same as the calls themselves: whatever they were, in whatever order they came, wherever a roll-up was
/// cut off, and whatever is asked. The same on plain PostgreSQL and on TimescaleDB.
/// </summary>
public sealed class RollUpTests(PostgresFixture postgres)
{
    // The clocks of Europe are put back on 2026-10-25, those of the United States on 2026-11-01, and forward on 2027-03-14.
    public static TheoryData<int, string, string> Stages => new(Enumerable.Range(0, Property.Times(4, 60)).Select(i => (i % 4) switch
    {
        0 => new TheoryDataRow<int, string, string>(i, "2026-10-27T11:59:30Z", "Europe/Berlin"),
        1 => new TheoryDataRow<int, string, string>(i, "2026-11-03T00:00:00Z", "America/New_York"),
        2 => new TheoryDataRow<int, string, string>(i, "2027-03-16T04:30:10Z", "America/St_Johns"),
        _ => new TheoryDataRow<int, string, string>(i, "2026-06-30T23:59:59Z", "UTC"),
    }));

    [Theory, MemberData(nameof(Stages))]
    public async Task Roll_ups_say_what_the_calls_say(int seed, string now, string zone)
    {
        DateTimeOffset end = DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture);
        TestClock clock = new(end - TimeSpan.FromHours(7));
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, seed, zone);
        for (int turn = 0; turn < 8; turn++)
        {
            // Most are of the last hours; some come days late.
            DateTimeOffset at = clock.GetUtcNow();
            await stage.AddAsync(60, at.AddHours(-3), at);
            await stage.AddAsync(30, at.AddDays(-5), at);
            if (turn % 3 == 1) await CutOffAsync(stage);
            if (turn % 2 == 0) await stage.RollUpAsync();
            // Nothing is missing while something is not rolled up yet, but what came late may be: that is what the next turn is for.
            if (!await stage.IsTimescaleAsync() && turn % 2 == 0) await AskAsync(stage, 5);
            clock.Advance(TimeSpan.FromHours(1));
        }

        await stage.RollUpAsync();
        await AskAsync(stage, 60);
        // Once more changes nothing.
        await stage.RollUpAsync();
        await AskAsync(stage, 10);
    }

    [Fact]
    public async Task An_event_on_its_border_belongs_to_what_begins_there()
    {
        DateTimeOffset midnight = new(2026, 10, 25, 0, 0, 0, TimeSpan.Zero);
        await using FigureStage stage = await FigureStage.StartAsync(postgres, new TestClock(midnight.AddDays(2)), 1, "Europe/Berlin");
        CallRecord call = stage.Make(midnight, midnight.AddHours(1)) with { Outcome = CallOutcome.Ok };
        await stage.Host.Get<ICallStore>().WriteAsync(
        [
            call with { Id = CallId.From(Guid.CreateVersion7()), Time = midnight }, call with { Id = CallId.From(Guid.CreateVersion7()), Time = midnight.AddMicroseconds(-1) },
            call with { Id = CallId.From(Guid.CreateVersion7()), Time = midnight.AddDays(1).AddMicroseconds(-1) }, call with { Id = CallId.From(Guid.CreateVersion7()), Time = midnight.AddDays(1) },
        ], CancellationToken.None);
        await stage.RollUpAsync();

        // The day has 25 hours in Berlin, and 24 here.
        IReadOnlyList<MetricRow> days = await stage.Store.ReadAsync(
            stage.Organization, new MetricSelection(MetricLevel.Day, midnight.AddDays(-1), midnight.AddDays(2), TimeSpan.FromDays(1), MetricFilter.All), CancellationToken.None);

        days.Select(d => (d.At, d.Figures.Counts.Calls)).ShouldBe([(midnight.AddDays(-1), 1), (midnight, 2), (midnight.AddDays(1), 1)]);
    }

    [Fact]
    public async Task A_batch_that_is_written_again_is_counted_once()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 2);
        CallRecord[] first = [.. Enumerable.Range(0, 40).Select(_ => stage.Make(clock.GetUtcNow().AddHours(-1), clock.GetUtcNow()))];
        CallRecord[] more = [.. first[10..], stage.Make(clock.GetUtcNow().AddHours(-1), clock.GetUtcNow())];

        await stage.Host.Get<ICallStore>().WriteAsync(first, CancellationToken.None);
        await stage.Host.Get<ICallStore>().WriteAsync(more, CancellationToken.None);

        MetricSelection all = new(MetricLevel.Event, clock.GetUtcNow().AddHours(-2), clock.GetUtcNow().AddHours(1), null, MetricFilter.All);
        (await stage.Store.ReadAsync(stage.Organization, all, CancellationToken.None)).ShouldHaveSingleItem().Figures.Counts.Calls.ShouldBe(41);
    }

    [Fact]
    public async Task What_comes_too_late_is_on_record_and_in_no_figure()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 3);
        DateTimeOffset now = clock.GetUtcNow();
        CallRecord[] calls =
        [
            stage.Make(now, now) with { Time = now - MetricEvent.MostLate }, stage.Make(now, now) with { Time = now - MetricEvent.MostLate - TimeSpan.FromMilliseconds(1) },
            stage.Make(now, now) with { Time = now + MetricEvent.MostAhead + TimeSpan.FromMilliseconds(1) }, stage.Make(now, now) with { Time = now.AddYears(-3) },
        ];
        await stage.Host.Get<ICallStore>().WriteAsync(calls, CancellationToken.None);
        await stage.RollUpAsync();

        foreach (MetricLevel level in Enum.GetValues<MetricLevel>())
        {
            MetricSelection all = new(level, new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), null, MetricFilter.All);
            (await stage.Store.ReadAsync(stage.Organization, all, CancellationToken.None)).ShouldHaveSingleItem().Figures.Counts.Calls.ShouldBe(1, level.ToString());
        }

        (await stage.Host.QueryAsync("SELECT count(*) FROM calls")).ShouldBe(4L);
    }

    [Fact]
    public async Task Another_organisation_s_figures_are_not_to_be_had()
    {
        TestClock clock = new();
        await using FigureStage stage = await FigureStage.StartAsync(postgres, clock, 4);
        await stage.AddAsync(50, clock.GetUtcNow().AddDays(-1), clock.GetUtcNow());
        await stage.RollUpAsync();
        OrganizationId stranger = OrganizationId.From(Guid.CreateVersion7());
        foreach (MetricLevel level in Enum.GetValues<MetricLevel>())
        {
            foreach (MetricDimension? by in (MetricDimension?[])[null, .. Enum.GetValues<MetricDimension>()])
            {
                MetricSelection all = new(level, Border(clock.GetUtcNow().AddDays(-2), TimeSpan.FromDays(1)), clock.GetUtcNow().AddDays(1), null, MetricFilter.All, by);
                (await stage.Store.ReadAsync(stranger, all, CancellationToken.None)).ShouldBeEmpty($"{level} by {by}");
                (await stage.Store.ReadInstallationAsync(all, CancellationToken.None)).Sum(r => r.Figures.Counts.Calls).ShouldBe(50, $"{level} by {by}");
            }
        }
    }

    /// <summary>A roll-up that died in the middle: in front of its commit, or between two levels.</summary>
    private static async Task CutOffAsync(FigureStage stage)
    {
        RollUpJob job = stage.Host.Get<RollUpJob>();
        await using NpgsqlConnection connection = await stage.Host.Get<ScopedContexts>().OpenConnectionAsync(DataScope.Everything, CancellationToken.None);
        await job.CloseAsync(connection, CancellationToken.None);
        if (stage.Next(2) == 0)
        {
            await RollUpJob.RollUpAsync(connection, MetricLevel.Minute, CancellationToken.None);
            return;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await RollUpJob.RollUpAsync(connection, MetricLevel.Minute, CancellationToken.None);
        await RollUpJob.RollUpAsync(connection, MetricLevel.Hour, CancellationToken.None);
        await transaction.RollbackAsync();
    }

    private static async Task AskAsync(FigureStage stage, int questions)
    {
        TimeSpan[] steps = [TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromDays(1), TimeSpan.FromDays(7)];
        DateTimeOffset first = stage.Calls.Min(c => c.Time), last = stage.Calls.Max(c => c.Time);
        for (int i = 0; i < questions; i++)
        {
            MetricLevel level = (MetricLevel)stage.Next(4);
            TimeSpan width = level switch { MetricLevel.Event => steps[0], MetricLevel.Minute => steps[1], MetricLevel.Hour => steps[4], _ => steps[6] };
            TimeSpan[] fit = [.. steps.Where(s => s.Ticks % width.Ticks == 0)];
            bool ofCallers = stage.Next(3) == 0;
            MetricDimension?[] dimensions = ofCallers
                ? [MetricDimension.Caller, MetricDimension.Server, null]
                : [null, MetricDimension.Server, MetricDimension.Tool, MetricDimension.Gateway, MetricDimension.Method, MetricDimension.Organization];
            // On borders of the level, anywhere in the time and around it.
            DateTimeOffset from = Border(first.AddHours(-30) + (last - first) * (stage.Next(100) / 100.0), width), to = Border(from.AddHours(1 + stage.Next(200)), width) + width;
            MetricSelection selection = new(level, from, to, stage.Next(3) == 0 ? null : fit[stage.Next(fit.Length)], stage.MakeFilter(ofCallers), dimensions[stage.Next(dimensions.Length)]);

            (await stage.Store.ReadAsync(stage.Organization, selection, CancellationToken.None)).ShouldBeOf(stage.Calls, selection);
        }
    }

    private static DateTimeOffset Border(DateTimeOffset time, TimeSpan width)
    {
        DateTimeOffset origin = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return origin + (time - origin).Ticks / width.Ticks * width;
    }
}
