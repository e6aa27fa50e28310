namespace Mcpx.Web.Dashboard.Charts;

public enum ChartColor
{
    Blue,
    Amber,
    Rose,
    Green,
    Indigo,
    Teal,
}

public enum ChartFill
{
    None,

    /// <summary>Faded down to the axis.</summary>
    Area,

    /// <summary>The band between this series and the one before it, e.g. p50 to p99.</summary>
    Previous,
}

/// <summary>One line of a chart.</summary>
public sealed record ChartSeries(string Name, ChartColor Color, ChartFill Fill = ChartFill.None);

/// <summary>The points that a chart starts with.</summary>
/// <param name="Times">Unix milliseconds, ascending.</param>
/// <param name="Values">Per series as many values as there are times; null where nothing was measured.</param>
public sealed record ChartHistory(IReadOnlyList<long> Times, IReadOnlyList<IReadOnlyList<double?>> Values)
{
    public static ChartHistory Empty { get; } = new([], []);
}

/// <summary>One row of a heat map: the calls that took so long, step by step.</summary>
/// <param name="Above">Milliseconds, not in the band.</param>
/// <param name="UpTo">Milliseconds, in the band.</param>
/// <param name="Counts">As many as there are times.</param>
public sealed record ChartBand(double Above, double UpTo, IReadOnlyList<long> Counts);

/// <summary>What a chart that is on the screen shows from now on.</summary>
/// <param name="Id">The chart's.</param>
/// <param name="Window">From the first time to the last.</param>
/// <param name="Step">Between two times.</param>
public sealed record ChartPicture(string Id, TimeSpan Window, TimeSpan Step, ChartHistory History)
{
    /// <summary>Of a heat map.</summary>
    public IReadOnlyList<ChartBand> Bands { get; init; } = [];

    /// <inheritdoc cref="ChartBase.ZoomUrl"/>
    public string? ZoomUrl { get; init; }
}

/// <summary>The newest values of all charts of a page, sent in one call.</summary>
public sealed class ChartTick(DateTimeOffset at)
{
    private readonly List<object?[]> _deltas = [];

    internal long Time { get; } = at.ToUnixTimeMilliseconds();

    internal IReadOnlyList<object?[]> Deltas => _deltas;

    /// <summary>One value per series of the chart, in their order.</summary>
    public ChartTick Add(string chart, params ReadOnlySpan<double?> values)
    {
        var delta = new object?[values.Length + 1];
        delta[0] = chart;
        // JSON has no NaN: a rate of nothing is a gap in the line.
        for (var i = 0; i < values.Length; i++) delta[i + 1] = values[i] is { } value && double.IsFinite(value) ? Math.Round(value, 3) : null;
        _deltas.Add(delta);
        return this;
    }
}
