using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Metrics;

/// <summary>Makes questions of what stands in addresses.</summary>
public sealed class MetricQueries(CallQueries calls, TimeProvider time)
{
    private const int LongestName = 1000;

    // Nothing is kept as long as that, and steps are counted from there.
    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan LongestStep = TimeSpan.FromDays(366);

    /// <summary>By what an address wants figures set apart; null for a word that is none.</summary>
    public static MetricDimension? DimensionOf(string? word) =>
        Find<MetricDimension>(word) is { } found && found is not MetricDimension.Organization ? found : null;

    /// <summary>By what an address wants them ordered; null for a word that is none.</summary>
    public static MetricOrder? OrderOf(string? word) => Find<MetricOrder>(word);

    /// <summary>As it stands in an address.</summary>
    public static string WordOf<T>(T value) where T : struct, Enum => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    /// <summary>The question; what is relative to now is so at this moment.</summary>
    /// <exception cref="RefusalException.Invalid">Something of it can't be understood.</exception>
    /// <exception cref="RefusalException.NotFound">There is no server or gateway of that slug.</exception>
    public async Task<MetricQuestion> ReadAsync(Actor actor, MetricQuery query, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        InputCheck check = new();
        (DateTimeOffset from, DateTimeOffset? to) = TimeOf(check, query);
        TimeSpan? step = TimeInput.Length(query.Step, "smhd");
        check.Require(query.Step is null || step <= LongestStep, "step", "Use a number and s, m, h or d, up to 366d: 10s, 5m, 1h, 1d.");
        bool isCaller = EntityId.TryParse(query.Caller, out UserId caller);
        check.Require(query.Caller is null || isCaller, "caller", "Use the id of a member or a service account.")
            .Require(query.Tool is not { Length: > LongestName }, "tool", $"Use at most {LongestName} characters.").Text(query.Tool, "tool")
            .Require(query.Method is not { Length: > LongestName }, "method", $"Use at most {LongestName} characters.").Text(query.Method, "method")
            .ThrowIfWrong();
        return new MetricQuestion(from, to, step)
        {
            Filter = new MetricFilter(
                await calls.ServerOfAsync(actor, query.Server, cancellationToken), await calls.GatewayOfAsync(actor, query.Gateway, cancellationToken),
                isCaller ? caller.Value : null, query.Tool, query.Method),
        };
    }

    /// <summary>The later of both beginnings holds, as for calls; one of them alone is enough, and neither is the usual range.</summary>
    private (DateTimeOffset From, DateTimeOffset? To) TimeOf(InputCheck check, MetricQuery query)
    {
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan? range = TimeInput.Length(query.Range);
        check.Require(query.Range is null || range is not null, "range", "Use a number and m, h or d: 15m, 6h, 90d.");
        DateTimeOffset? from = TimeInput.Instant(check, query.From, "from"), to = TimeInput.Instant(check, query.To, "to");
        check.Require(from is null || from >= Earliest, "from", "Use an instant after 2000.").Require(to is null || to >= Earliest, "to", "Use an instant after 2000.");
        if (range is null && from is null)
        {
            TimeSpan usual = TimeInput.Length(MetricQuery.UsualRange)!.Value;
            return (to >= Earliest + usual && to < now ? to.Value - usual : now - usual, to);
        }

        DateTimeOffset back = range is { } span && now - span is var start && start > Earliest ? start : Earliest;
        return (from is { } begins && begins > back ? begins : back, to);
    }

    // By name alone: Enum.TryParse would also take numbers, and several at once.
    private static T? Find<T>(string? word) where T : struct, Enum =>
        Enum.GetValues<T>().Cast<T?>().FirstOrDefault(value => string.Equals(value.ToString(), word, StringComparison.OrdinalIgnoreCase));
}
