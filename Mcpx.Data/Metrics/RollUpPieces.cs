using System.Runtime.InteropServices;
using Mcpx.Core.Metrics;
using Npgsql;

namespace Mcpx.Data.Metrics;

/// <summary>A part of a range, and the level that answers it.</summary>
/// <param name="From">In.</param>
/// <param name="To">Out.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RollUpPiece(MetricLevel Level, DateTimeOffset From, DateTimeOffset To);

/// <summary>
/// What of a range is rolled up is read there, and what is not yet from the level below, down to events. The borders are known before
/// the question is put, so that the planner leaves out every partition behind them.
/// </summary>
internal static class RollUpPieces
{
    private static readonly MetricLevel[] Levels = [MetricLevel.Minute, MetricLevel.Hour, MetricLevel.Day];

    /// <summary>Oldest first. What is asked of events needs no borders.</summary>
    public static async Task<RollUpPiece[]> ReadAsync(NpgsqlConnection connection, MetricSelection selection, CancellationToken cancellationToken) =>
        [.. Of(selection, selection.Level is MetricLevel.Event ? new Dictionary<MetricLevel, DateTimeOffset>() : await BordersAsync(connection, cancellationToken))];

    /// <summary>Until when each level is rolled up; one that never was is not in it.</summary>
    public static async Task<IReadOnlyDictionary<MetricLevel, DateTimeOffset>> BordersAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Dictionary<MetricLevel, DateTimeOffset> until = [];
        await using NpgsqlCommand command = new("SELECT level, until FROM metrics_rolled_up() WHERE until > '2000-01-01'", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            until[Levels.Single(l => MetricRetentionStore.NameOf(l) == reader.GetString(0))] = reader.GetFieldValue<DateTimeOffset>(1);
        return until;
    }

    /// <summary>Oldest first.</summary>
    internal static IEnumerable<RollUpPiece> Of(MetricSelection selection, IReadOnlyDictionary<MetricLevel, DateTimeOffset> borders)
    {
        DateTimeOffset from = selection.From;
        for (MetricLevel level = selection.Level; level > MetricLevel.Event && from < selection.To; level--)
        {
            if (!borders.TryGetValue(level, out DateTimeOffset until) || until <= from) continue;
            DateTimeOffset to = until < selection.To ? until : selection.To;
            yield return new RollUpPiece(level, from, to);
            from = to;
        }

        if (from < selection.To) yield return new RollUpPiece(MetricLevel.Event, from, selection.To);
    }
}
