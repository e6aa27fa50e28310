using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>What somebody wants to know.</summary>
/// <param name="From">In.</param>
/// <param name="To">Out; null for now.</param>
/// <param name="Step">Null for one that makes at most <see cref="MetricPlan.MostSteps"/> of the range.</param>
public sealed record MetricQuestion(DateTimeOffset From, DateTimeOffset? To = null, TimeSpan? Step = null)
{
    public MetricFilter Filter { get; init; } = MetricFilter.All;
}

/// <summary>How a question is answered: from which level, in which steps, and why not as it was asked.</summary>
/// <param name="From">In, on a border of the step.</param>
/// <param name="To">Out, on a border of the step; the last step may not be over yet.</param>
/// <param name="Until">What of the last step has passed, on a border of the level.</param>
/// <param name="Note">Where the answer is coarser or shorter than the question, the reason in a sentence.</param>
/// <param name="KeptFrom">Since when the level has everything.</param>
public sealed record MetricPlan(MetricLevel Level, DateTimeOffset From, DateTimeOffset To, TimeSpan Step, DateTimeOffset Until, string? Note, DateTimeOffset KeptFrom)
{
    public const int MostSteps = 300;

    private static readonly DateTimeOffset Origin = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Of these the shortest that makes no more steps than a chart can show. Below a minute each call is looked at, so only where
    // that are few.
    private static readonly TimeSpan[] NiceSteps =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(15),
        TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(12),
        TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(28),
    ];

    private static readonly TimeSpan LongestByTheSecond = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ShortestStep = TimeSpan.FromSeconds(1);

    /// <summary>Starts of the steps, oldest first.</summary>
    public IEnumerable<DateTimeOffset> Steps
    {
        get
        {
            for (DateTimeOffset at = From; at < To; at += Step) yield return at;
        }
    }

    /// <exception cref="RefusalException.Invalid">The question makes no sense, or of its time this is not kept.</exception>
    public static MetricPlan For(MetricQuestion question, MetricDimension? by, MetricRetention kept, DateTimeOffset now)
    {
        DateTimeOffset to = question.To ?? now, from = question.From;
        new InputCheck().Require(from < to, "from", "The range ends before it begins.")
            .Require(from < now, "from", "The range has not begun yet.")
            .Require(question.Step is not { } asked || asked >= ShortestStep && asked.Ticks % TimeSpan.TicksPerSecond == 0, "step", "Use whole seconds, minutes, hours or days.")
            .ThrowIfWrong();
        if (to > now) to = now;
        string? note = null;
        TimeSpan step = question.Step ?? NiceSteps.First(s => (s >= TimeSpan.FromMinutes(1) || to - from <= LongestByTheSecond) && CountOf(from, to, s) <= MostSteps || s == NiceSteps[^1]);
        MetricLevel level = LevelOf(step);
        if (NeedsEvents(question.Filter, by))
        {
            level = MetricLevel.Event;
            new InputCheck().Require(now - from <= TimeSpan.FromDays(kept.EventDays), "from",
                $"What a caller does is known by server beyond {kept.EventDays} days; by tool, gateway or method only within them.").ThrowIfWrong();
        }

        while (level < MetricLevel.Day && now - from > TimeSpan.FromDays(kept.Of(level)))
        {
            note ??= $"{Word(level)} are kept {kept.Of(level)} days.";
            level++;
            if (step < WidthOf(level) || step.Ticks % WidthOf(level).Ticks != 0) step = WidthOf(level) * Math.Ceiling(step / WidthOf(level));
        }

        DateTimeOffset oldest = now - TimeSpan.FromDays(kept.Of(level));
        if (from < oldest)
        {
            note ??= $"{Word(level)} are kept {kept.Of(level)} days.";
            from = oldest;
            new InputCheck().Require(from < to, "to", $"Figures are kept {kept.Of(level)} days.").ThrowIfWrong();
        }

        new InputCheck().Require(CountOf(from, to, step) <= MostSteps, "step", $"That would be more than {MostSteps} steps: use longer ones, or a shorter range.").ThrowIfWrong();
        DateTimeOffset ends = Up(to, step);
        return new MetricPlan(level, Down(from, step), ends, step, Up(to, WidthOf(level)) is var until && until < ends ? until : ends, note, oldest);
    }

    internal MetricSelection Select(MetricFilter filter, MetricDimension? by, bool inSteps) => new(Level, From, To, inSteps ? Step : null, filter, by);

    /// <summary>As long a range, just before; null when that was not kept in full.</summary>
    internal MetricSelection? SelectPrevious(MetricFilter filter, MetricDimension? by)
    {
        TimeSpan length = To - From;
        return From - length < KeptFrom ? null : new MetricSelection(Level, From - length, Until - length, Step: null, filter, by);
    }

    private static bool NeedsEvents(MetricFilter filter, MetricDimension? by) =>
        (filter.Caller is not null || by is MetricDimension.Caller)
        && (filter.Tool is not null || filter.Gateway is not null || filter.Method is not null || by is MetricDimension.Tool or MetricDimension.Gateway or MetricDimension.Method);

    private static MetricLevel LevelOf(TimeSpan step) =>
        step.Ticks % TimeSpan.TicksPerDay == 0 ? MetricLevel.Day
        : step.Ticks % TimeSpan.TicksPerHour == 0 ? MetricLevel.Hour
        : step.Ticks % TimeSpan.TicksPerMinute == 0 ? MetricLevel.Minute : MetricLevel.Event;

    private static TimeSpan WidthOf(MetricLevel level) => level switch
    {
        MetricLevel.Event => TimeSpan.FromSeconds(1),
        MetricLevel.Minute => TimeSpan.FromMinutes(1),
        MetricLevel.Hour => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(1),
    };

    private static string Word(MetricLevel level) => level switch
    {
        MetricLevel.Event => "Single calls",
        MetricLevel.Minute => "Figures by the minute",
        MetricLevel.Hour => "Figures by the hour",
        _ => "Figures by the day",
    };

    private static double CountOf(DateTimeOffset from, DateTimeOffset to, TimeSpan step) => (Up(to, step) - Down(from, step)) / step;

    private static DateTimeOffset Down(DateTimeOffset time, TimeSpan step)
    {
        long into = (time - Origin).Ticks % step.Ticks;
        return time.ToUniversalTime().AddTicks(-(into < 0 ? into + step.Ticks : into));
    }

    private static DateTimeOffset Up(DateTimeOffset time, TimeSpan step) => Down(time, step) is var below && below == time ? below : below + step;
}
