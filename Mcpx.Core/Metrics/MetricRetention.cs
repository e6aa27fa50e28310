using Mcpx.Core.Audit;

namespace Mcpx.Core.Metrics;

/// <summary>How many days an organisation's figures are kept at each level. No level is kept longer than the one above it.</summary>
/// <param name="EventDays">Call by call.</param>
/// <param name="MinuteDays">By the minute.</param>
/// <param name="HourDays">By the hour.</param>
/// <param name="DayDays">By the day.</param>
public sealed record MetricRetention(int EventDays, int MinuteDays, int HourDays, int DayDays)
{
    /// <summary>Events may come six days late, and what is rolled up anew needs all of its source.</summary>
    public const int FewestEventDays = 7;
    public const int FewestMinuteDays = 8;
    public const int FewestHourDays = 31;
    public const int MostDays = 3650;

    public static MetricRetention Default { get; } = new(7, 30, 400, 1826);

    public int Of(MetricLevel level) => level switch
    {
        MetricLevel.Event => EventDays,
        MetricLevel.Minute => MinuteDays,
        MetricLevel.Hour => HourDays,
        _ => DayDays,
    };

    /// <param name="organization">Its name.</param>
    public AuditView ToAudit(string organization) => new AuditView(organization)
        .With("eventDays", EventDays).With("minuteDays", MinuteDays).With("hourDays", HourDays).With("dayDays", DayDays);
}
