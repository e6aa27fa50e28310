using Mcpx.Core.Metrics;
using Mcpx.Data.Metrics;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

public sealed class RollUpPiecesTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Hours after midnight: until when days, hours and minutes are rolled up (none: never), the range, and what answers it.</summary>
    [Theory]
    [InlineData("0 10 11", MetricLevel.Day, -48, 12, "Day -48..0, Hour 0..10, Minute 10..11, Event 11..12")]
    [InlineData("0 10 11", MetricLevel.Hour, -48, 12, "Hour -48..10, Minute 10..11, Event 11..12")]
    [InlineData("0 10 11", MetricLevel.Minute, 10, 12, "Minute 10..11, Event 11..12")]
    [InlineData("0 10 11", MetricLevel.Day, -48, -24, "Day -48..-24")]
    [InlineData("0 10 11", MetricLevel.Hour, 10, 11, "Minute 10..11")]
    [InlineData("0 10 11", MetricLevel.Day, 11, 13, "Event 11..13")]
    [InlineData("0 10 11", MetricLevel.Event, -5, 13, "Event -5..13")]
    // A level above may be further than the one below, where each is rolled up by a policy of its own.
    [InlineData("0 11 10", MetricLevel.Day, -24, 12, "Day -24..0, Hour 0..11, Event 11..12")]
    [InlineData("none none 10", MetricLevel.Day, -24, 12, "Minute -24..10, Event 10..12")]
    [InlineData("none none none", MetricLevel.Hour, -24, 12, "Event -24..12")]
    public void Each_part_of_a_range_is_answered_once(string rolledUp, MetricLevel level, int from, int to, string answered)
    {
        string[] hours = rolledUp.Split(' ');
        MetricLevel[] levels = [MetricLevel.Day, MetricLevel.Hour, MetricLevel.Minute];
        Dictionary<MetricLevel, DateTimeOffset> borders = levels.Zip(hours).Where(b => b.Second is not "none")
            .ToDictionary(b => b.First, b => Midnight.AddHours(int.Parse(b.Second, System.Globalization.CultureInfo.InvariantCulture)));

        IEnumerable<RollUpPiece> pieces = RollUpPieces.Of(new MetricSelection(level, Midnight.AddHours(from), Midnight.AddHours(to), null, MetricFilter.All), borders);

        string.Join(", ", pieces.Select(p => $"{p.Level} {(p.From - Midnight).TotalHours}..{(p.To - Midnight).TotalHours}")).ShouldBe(answered);
    }
}
