namespace Mcpx.Bench.Reporting;

/// <summary>Several rounds as one figure that does not hide how far apart they were.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Null when there is nothing to sum up.</summary>
    public static Spread? Of(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Order().ToArray();
        if (sorted.Length == 0) return null;
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }

    public string Show(string format) =>
        Min == Max ? Median.ToString(format) : $"{Median.ToString(format)} ({Min.ToString(format)} … {Max.ToString(format)})";
}
