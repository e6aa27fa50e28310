namespace Mcpx.Core.Metrics;

/// <summary>How far figures are rolled up.</summary>
/// <param name="Until">By level; missing where nothing was rolled up yet.</param>
/// <param name="IsBehind">Calls of more than <see cref="Patience"/> ago are not rolled up by the minute.</param>
public sealed record RollUpReport(IReadOnlyDictionary<MetricLevel, DateTimeOffset> Until, bool IsBehind)
{
    /// <summary>On both editions minutes are rolled up within two.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
}
