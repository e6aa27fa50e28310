namespace Mcpx.Core.Primitives;

public static class Instant
{
    /// <summary>
    /// Now, in whole microseconds: PostgreSQL keeps no finer ones, and what the answer to a write says must be what is read
    /// afterwards.
    /// </summary>
    public static DateTimeOffset Now(TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    /// <summary>Midnight (UTC) of the day in which an instant is.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);
}
