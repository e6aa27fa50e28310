using Mcpx.Core.Identity;

namespace Mcpx.Web.Dashboard.Tokens;

/// <summary>How many endpoints a credential opens.</summary>
public enum Reach
{
    /// <summary>Those that come later too.</summary>
    All,

    Some,
}

/// <summary>A credential's limits in a form.</summary>
public sealed class LimitsModel
{
    public Reach Reach { get; set; }

    public HashSet<Guid> Chosen { get; } = [];

    /// <summary>One name or pattern a line.</summary>
    public string? Tools { get; set; }

    public static LimitsModel Of(CallerLimits limits)
    {
        LimitsModel model = new() { Reach = limits.Endpoints is null ? Reach.All : Reach.Some, Tools = limits.Tools is null ? null : string.Join('\n', limits.Tools) };
        model.Chosen.UnionWith(limits.Endpoints ?? []);
        return model;
    }

    /// <summary>Null for all of them.</summary>
    public IReadOnlyList<string>? Endpoints => Reach is Reach.Some ? [.. Chosen.Select(id => id.ToString("D"))] : null;

    /// <inheritdoc cref="Endpoints"/>
    public IReadOnlyList<string>? Patterns =>
        (Tools ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } lines ? lines : null;
}
