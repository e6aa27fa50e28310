using System.Text;

namespace Mcpx.Core.Calls.Search;

/// <summary>
/// Which calls are asked for, in the words of an address: the page's, the API's and a saved filter's are the same. What they
/// mean, and whether they mean anything, is for <see cref="CallQueries"/> to say; null members don't filter.
/// </summary>
/// <param name="Server">A server's slug or id.</param>
/// <param name="Outcome">An outcome, or <see cref="Failed"/>, <see cref="Refused"/> or <see cref="WouldBeDenied"/>.</param>
/// <param name="Range">How far back, e.g. <c>15m</c>, <c>6h</c> or <c>30d</c>.</param>
/// <param name="Cursor">Of an older page.</param>
/// <param name="Gateway">A virtual gateway's slug or id.</param>
/// <param name="ServiceAccount">The id of the service account that called.</param>
public sealed record CallQuery(
    string? Server = null, string? Method = null, string? Tool = null, string? Outcome = null, string? Range = null, string? Cursor = null, string? Gateway = null, string? ServiceAccount = null)
{
    /// <summary>What the error rate counts.</summary>
    public const string Failed = "failed";

    /// <summary>What never reached a server.</summary>
    public const string Refused = "refused";

    /// <summary>What passed only because a rule is not enforced yet.</summary>
    public const string WouldBeDenied = "wouldBeDenied";

    /// <summary>The longest that can be saved.</summary>
    public const int LongestText = 2000;

    /// <summary>The id of the person who called.</summary>
    public string? User { get; init; }

    /// <summary>The id of the token that was used.</summary>
    public string? Token { get; init; }

    /// <summary>The rule that decided, e.g. <c>allowlist:balance</c>.</summary>
    public string? Rule { get; init; }

    /// <summary>Words in the payloads.</summary>
    public string? Text { get; init; }

    /// <summary>Milliseconds that a call took at least.</summary>
    public string? MinMs { get; init; }

    /// <summary>Milliseconds that a call took at most.</summary>
    public string? MaxMs { get; init; }

    /// <summary>An instant (ISO 8601), included; without an offset it is UTC.</summary>
    public string? From { get; init; }

    /// <summary>An instant, not included.</summary>
    public string? To { get; init; }

    /// <summary>The first call of several that are one to the client.</summary>
    public string? FirstRound { get; init; }

    public bool IsFiltered => this with { Cursor = null } != new CallQuery();

    /// <param name="value">The value of a name in the address; null where it has none.</param>
    public static CallQuery Parse(Func<string, string?> value)
    {
        return new CallQuery(Get("server"), Get("method"), Get("tool"), Get("outcome"), Get("range"), Get("cursor"), Get("gateway"), Get("serviceAccount"))
        {
            User = Get("user"), Token = Get("token"), Rule = Get("rule"), Text = Get("text"), MinMs = Get("minMs"), MaxMs = Get("maxMs"), From = Get("from"), To = Get("to"), FirstRound = Get("firstRound"),
        };

        string? Get(string name) => value(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;
    }

    /// <summary>What <see cref="ToText"/> made; names that are not known are passed over.</summary>
    public static CallQuery Parse(string text)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (string pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            values.TryAdd(Uri.UnescapeDataString(parts[0]), parts.Length == 1 ? "" : Uri.UnescapeDataString(parts[1].Replace('+', ' ')));
        }

        return Parse(values.GetValueOrDefault);
    }

    /// <summary>The part of an address behind the question mark; empty for all calls.</summary>
    public string ToText()
    {
        StringBuilder text = new();
        foreach ((string name, string? value) in Members())
        {
            if (!string.IsNullOrEmpty(value)) text.Append(text.Length == 0 ? "" : "&").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }

    private (string Name, string? Value)[] Members() =>
    [
        ("server", Server), ("gateway", Gateway), ("user", User), ("serviceAccount", ServiceAccount), ("token", Token), ("method", Method), ("tool", Tool), ("outcome", Outcome), ("rule", Rule),
        ("minMs", MinMs), ("maxMs", MaxMs), ("text", Text), ("range", Range), ("from", From), ("to", To), ("firstRound", FirstRound), ("cursor", Cursor),
    ];
}
