using System.Text;

namespace Mcpx.Core.Metrics;

/// <summary>
/// Of which calls and which time figures are asked, in the words of an address: the page's and the API's are the same. What they mean,
/// and whether they mean anything, is for <see cref="MetricQueries"/> to say; null members don't filter.
/// </summary>
/// <param name="Server">A server's slug or id; an id also names one that is gone.</param>
/// <param name="Gateway">A virtual gateway's slug or id; an id also names one that is gone.</param>
/// <param name="Tool">As its server calls it.</param>
/// <param name="Caller">The id of a user or a service account.</param>
/// <param name="Method">Of the protocol, e.g. <c>tools/call</c>.</param>
/// <param name="Range">How far back, e.g. <c>15m</c>, <c>6h</c> or <c>30d</c>.</param>
/// <param name="From">An instant (ISO 8601), included; without an offset it is UTC.</param>
/// <param name="To">An instant, not included.</param>
/// <param name="Step">E.g. <c>10s</c>, <c>5m</c>, <c>1h</c> or <c>1d</c>.</param>
public sealed record MetricQuery(
    string? Server = null, string? Gateway = null, string? Tool = null, string? Caller = null, string? Method = null,
    string? Range = null, string? From = null, string? To = null, string? Step = null)
{
    /// <summary>Where an address says nothing of time.</summary>
    public const string UsualRange = "24h";

    /// <summary>Says more than a time.</summary>
    public bool IsFiltered => (Server ?? Gateway ?? Tool ?? Caller ?? Method) is not null;

    /// <summary>Its end moves with the clock.</summary>
    public bool EndsNow => To is null;

    /// <param name="value">The value of a name in the address; null where it has none.</param>
    public static MetricQuery Parse(Func<string, string?> value)
    {
        return new MetricQuery(Get("server"), Get("gateway"), Get("tool"), Get("caller"), Get("method"), Get("range"), Get("from"), Get("to"), Get("step"));

        string? Get(string name) => value(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;
    }

    /// <summary>The part of an address behind the question mark; empty for all calls of the usual time.</summary>
    public string ToText()
    {
        StringBuilder text = new();
        (string Name, string? Value)[] members =
        [
            ("range", Range), ("from", From), ("to", To), ("step", Step),
            ("server", Server), ("gateway", Gateway), ("tool", Tool), ("caller", Caller), ("method", Method),
        ];
        foreach ((string name, string? value) in members)
        {
            if (!string.IsNullOrEmpty(value)) text.Append(text.Length == 0 ? "" : "&").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }
}
