using System.Buffers;
using System.Collections.Frozen;

namespace Mcpx.Core.Egress;

/// <summary>Which headers a configuration may set on requests to upstreams.</summary>
public static class OutboundHeaders
{
    private const int LongestName = 128;

    /// <summary>RFC 9110, section 5.6.2: token characters.</summary>
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>From the blank to the tilde.</summary>
    private static readonly SearchValues<char> Visible = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c)]);

    /// <summary>Hop-by-hop (RFC 9110, section 7.6.1), and what decides where a message goes or where it ends.</summary>
    private static readonly FrozenSet<string> Reserved = new[]
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Expect", "Cookie", "Set-Cookie", "Accept", "Accept-Encoding", "Last-Event-ID", "Origin",
        "Forwarded", "Via", "traceparent", "tracestate", "baggage",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Null when the name may be set, else the reason in a sentence.</summary>
    public static string? Refuse(string name)
    {
        if (!IsName(name))
            return $"“{Printable(name)}” is not an HTTP header name.";
        if (Reserved.Contains(name)
            || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("Mcp-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
            return $"The header {name} belongs to the gateway and can't be set.";
        return null;
    }

    /// <summary>True for a token of RFC 9110, section 5.6.2, of a length that servers take.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= LongestName && !name.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>Visible ASCII, blanks inside only: a CR or LF would start a header or a request of the attacker's.</summary>
    public static bool IsValidValue(string value) =>
        value.Length > 0 && value[0] != ' ' && value[^1] != ' ' && !value.AsSpan().ContainsAnyExcept(Visible);

    /// <summary>Null when the name may stand among a server's extra headers: those are shown, so none that is made for a secret.</summary>
    public static string? RefuseExtra(string name)
    {
        if (Refuse(name) is { } why) return why;
        if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            return "Authorization carries a credential: enter it as the credential, where it is stored encrypted.";
        return name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase) ? $"The header {name} belongs to the gateway and can't be set." : null;
    }

    private static string Printable(string name) => string.Concat(name.Take(32).Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
