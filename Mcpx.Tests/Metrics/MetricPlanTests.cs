using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>From which level a question is answered, in which steps, and what is said where that is not what was asked.</summary>
public sealed class MetricPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 14, 23, 42, 500, TimeSpan.Zero);

    [Theory]
    [InlineData("00:15:00", "00:00:10", MetricLevel.Event, 91)]
    [InlineData("00:16:00", "00:01:00", MetricLevel.Minute, 17)]
    [InlineData("01:00:00", "00:01:00", MetricLevel.Minute, 61)]
    [InlineData("04:59:00", "00:01:00", MetricLevel.Minute, 300)]
    [InlineData("06:00:00", "00:02:00", MetricLevel.Minute, 181)]
    [InlineData("1.00:00:00", "00:05:00", MetricLevel.Minute, 289)]
    [InlineData("7.00:00:00", "01:00:00", MetricLevel.Hour, 169)]
    [InlineData("30.00:00:00", "03:00:00", MetricLevel.Hour, 241)]
    [InlineData("90.00:00:00", "12:00:00", MetricLevel.Hour, 181)]
    [InlineData("399.00:00:00", "7.00:00:00", MetricLevel.Day, 58)]
    public void A_range_gets_the_shortest_step_that_a_chart_can_show(string range, string step, MetricLevel level, int steps)
    {
        MetricPlan plan = Plan(new MetricQuestion(Now - TimeSpan.Parse(range, System.Globalization.CultureInfo.InvariantCulture)));

        plan.Step.ShouldBe(TimeSpan.Parse(step, System.Globalization.CultureInfo.InvariantCulture));
        plan.Level.ShouldBe(level);
        plan.Steps.Count().ShouldBe(steps);
        plan.Steps.Count().ShouldBeLessThanOrEqualTo(MetricPlan.MostSteps);
        plan.Note.ShouldBeNull();
        plan.From.ShouldBeLessThanOrEqualTo(Now - TimeSpan.Parse(range, System.Globalization.CultureInfo.InvariantCulture));
        plan.To.ShouldBeGreaterThanOrEqualTo(Now);
    }

    [Fact]
    public void Steps_begin_on_their_borders_and_the_last_one_may_not_be_over()
    {
        MetricPlan plan = Plan(new MetricQuestion(Now.AddDays(-3), Step: TimeSpan.FromDays(1)));

        plan.Steps.ShouldBe([Day(24), Day(25), Day(26), Day(27)]);
        plan.To.ShouldBe(Day(28));
        // What of today has passed, so that the days before are not compared with a whole one.
        plan.Until.ShouldBe(Day(28));
        Plan(new MetricQuestion(Now.AddHours(-2), Step: TimeSpan.FromMinutes(30))).Until.ShouldBe(new DateTimeOffset(2026, 11, 27, 14, 24, 0, TimeSpan.Zero));
    }

    [Fact]
    public void What_is_gone_at_one_level_is_answered_by_the_next_and_said()
    {
        MetricPlan minutes = Plan(new MetricQuestion(Now.AddDays(-40), Now.AddDays(-39.9)));
        (minutes.Level, minutes.Step, minutes.Note).ShouldBe((MetricLevel.Hour, TimeSpan.FromHours(1), "Figures by the minute are kept 30 days."));

        MetricPlan hours = Plan(new MetricQuestion(Now.AddDays(-500), Now.AddDays(-490), TimeSpan.FromHours(1)));
        (hours.Level, hours.Step, hours.Note).ShouldBe((MetricLevel.Day, TimeSpan.FromDays(1), "Figures by the hour are kept 400 days."));

        MetricPlan events = Plan(new MetricQuestion(Now.AddDays(-8), Now.AddDays(-8).AddMinutes(10)));
        (events.Level, events.Step, events.Note).ShouldBe((MetricLevel.Minute, TimeSpan.FromMinutes(1), "Single calls are kept 7 days."));

        MetricPlan days = Plan(new MetricQuestion(Now.AddDays(-3000)));
        (days.Level, days.Note).ShouldBe((MetricLevel.Day, "Figures by the day are kept 1826 days."));
        days.From.ShouldBeGreaterThan(Now.AddDays(-1860));
    }

    [Fact]
    public void A_step_that_does_not_fit_a_coarser_level_is_rounded_up()
    {
        MetricPlan plan = Plan(new MetricQuestion(Now.AddDays(-40), Now.AddDays(-39), TimeSpan.FromMinutes(90)));
        (plan.Level, plan.Step).ShouldBe((MetricLevel.Hour, TimeSpan.FromHours(2)));
    }

    [Theory]
    [InlineData(-1, -2, null, "from")]
    [InlineData(-1, -1, null, "from")]
    [InlineData(1, 2, null, "from")]
    [InlineData(-1, 0, 0, "step")]
    [InlineData(-1, 0, -60, "step")]
    [InlineData(-1, 0, 1, "step")]
    [InlineData(-24, 0, 60, "step")]
    [InlineData(-100000, -99999, null, "to")]
    public void Nonsense_is_refused_by_its_field(int fromHours, int toHours, int? stepSeconds, string field)
    {
        MetricQuestion question = new(Now.AddHours(fromHours), Now.AddHours(toHours), stepSeconds is { } s ? TimeSpan.FromSeconds(s) : null);
        Should.Throw<RefusalException.Invalid>(() => Plan(question)).Errors.Select(e => e.Field).ShouldContain(field);
    }

    [Fact]
    public void Fractions_of_a_second_are_no_step() =>
        Should.Throw<RefusalException.Invalid>(() => Plan(new MetricQuestion(Now.AddMinutes(-1), Step: TimeSpan.FromMilliseconds(1500)))).Errors.ShouldHaveSingleItem().Field.ShouldBe("step");

    [Fact]
    public void What_a_caller_did_tool_by_tool_is_known_while_single_calls_are()
    {
        MetricFilter ofOne = new(Caller: Guid.CreateVersion7());
        Plan(new MetricQuestion(Now.AddDays(-6)) { Filter = ofOne with { Tool = "search" } }).Level.ShouldBe(MetricLevel.Event);
        Plan(new MetricQuestion(Now.AddDays(-6)) { Filter = ofOne }, MetricDimension.Tool).Level.ShouldBe(MetricLevel.Event);
        Plan(new MetricQuestion(Now.AddDays(-6)) { Filter = new MetricFilter(Method: "tools/call") }, MetricDimension.Caller).Level.ShouldBe(MetricLevel.Event);
        Plan(new MetricQuestion(Now.AddDays(-60)) { Filter = ofOne with { Server = ServerId.From(Guid.CreateVersion7()) } }, MetricDimension.Server).Level.ShouldBe(MetricLevel.Hour);

        Should.Throw<RefusalException.Invalid>(() => Plan(new MetricQuestion(Now.AddDays(-8)) { Filter = ofOne }, MetricDimension.Tool))
            .Errors.ShouldHaveSingleItem().Message.ShouldBe("What a caller does is known by server beyond 7 days; by tool, gateway or method only within them.");
    }

    private static MetricPlan Plan(MetricQuestion question, MetricDimension? by = null) => MetricPlan.For(question, by, MetricRetention.Default, Now);

    private static DateTimeOffset Day(int day) => new(2026, 11, day, 0, 0, 0, TimeSpan.Zero);
}
