using System.Net;
using Microsoft.Extensions.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>
/// <c>TRUSTED_PROXIES</c>: whose word on where a request comes from is taken. Each proxy adds whom it got the request from at the
/// right of <c>X-Forwarded-For</c>; what stands left of the first that is not ours, whoever sent the request wrote.
/// </summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> ranges)
{
    public const string Header = "X-Forwarded-For";

    public bool AreNone => ranges.Count == 0;

    /// <param name="text">Addresses and CIDR ranges, separated by commas; null or empty for none.</param>
    /// <exception cref="FormatException">Something of it is none, or names everybody.</exception>
    public static TrustedProxies Parse(string? text) =>
        new([.. (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ParseRange)]);

    /// <summary>The rightmost hop that is no proxy of ours.</summary>
    /// <param name="peer">Who the connection is from; null when it has no address, and then nobody is believed.</param>
    /// <param name="forwarded">All headers of the name, in their order: they are one list (RFC 9110, section 5.3).</param>
    public IPAddress? ClientOf(IPAddress? peer, StringValues forwarded)
    {
        IPAddress? client = Plain(peer);
        string[] hops = forwarded.ToString().Split(',');
        for (int i = hops.Length - 1; i >= 0 && client is not null && IsTrusted(client); i--)
        {
            // Nothing is passed over, be it “unknown” or empty: left of it stands what the client wrote.
            if (AddressOf(hops[i].Trim()) is not { } hop) break;
            client = hop;
        }

        return client;
    }

    private bool IsTrusted(IPAddress address) => ranges.Any(r => r.Contains(address));

    private static IPNetwork ParseRange(string text)
    {
        IPNetwork range = text.Contains('/', StringComparison.Ordinal) ? IPNetwork.Parse(text) : OnlyOne(IPAddress.Parse(text));
        // Then every client could name any address as its own.
        return range.PrefixLength > 0 ? range : throw new FormatException("A range of all addresses trusts everybody.");
    }

    private static IPNetwork OnlyOne(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    /// <summary>With a port or without. Spellings that only old libraries read, such as 127.1, are none.</summary>
    private static IPAddress? AddressOf(string text)
    {
        if (text.Contains('%', StringComparison.Ordinal) || !IPEndPoint.TryParse(text, out IPEndPoint? end)) return null;
        IPAddress address = end.Address;
        bool isPlain = address.AddressFamily is System.Net.Sockets.AddressFamily.InterNetworkV6 || text.Split(':')[0] == address.ToString();
        return isPlain ? Plain(address) : null;
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}

/// <summary>
/// Puts the client's address in the place of the proxy's, for all that looks at a connection's address. The framework's own
/// middleware passes over empty hops, takes 12 for an address, and believes a connection that has none.
/// </summary>
internal sealed class TrustedProxyMiddleware(RequestDelegate next, TrustedProxies proxies)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Request.Headers.TryGetValue(TrustedProxies.Header, out StringValues forwarded))
            http.Connection.RemoteIpAddress = proxies.ClientOf(http.Connection.RemoteIpAddress, forwarded);
        return next(http);
    }
}
