using System.Net;
using System.Net.Sockets;

namespace Mcpx.Core.Egress;

/// <summary>
/// Decides which addresses a tenant's configuration may make us connect to. Denied: the special-use ranges of RFC 6890
/// and successors, and forms that hide one inside IPv6. Operators open private networks by CIDR (<c>EGRESS_ALLOW</c>);
/// link-local and the clouds' own metadata addresses stay closed even then.
/// </summary>
/// <param name="resolve">Asks for the addresses of a name; null for the system's resolver.</param>
public sealed class AddressGuard(IReadOnlyList<IPNetwork> allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private static readonly IPNetwork[] AlwaysDenied = Parse(
        "169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::254/128", "fd20:ce::254/128");

    private static readonly IPNetwork[] SpecialUse = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/8", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fec0::/10", "ff00::/8");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;

    /// <summary>Reads <c>EGRESS_ALLOW</c>: CIDR ranges separated by commas.</summary>
    /// <exception cref="FormatException">A part is no CIDR range.</exception>
    public static AddressGuard FromConfiguration(string? ranges) =>
        new([.. (ranges ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(r => IPNetwork.Parse(r))]);

    public bool IsAllowed(IPAddress address)
    {
        if (Embedded(address) is { } inner)
            return IsAllowed(inner);
        if (AlwaysDenied.Any(n => n.Contains(address)))
            return false;
        return allowed.Any(n => n.Contains(address)) || !SpecialUse.Any(n => n.Contains(address)) && !LocalNat64.Contains(address);
    }

    /// <summary>
    /// Resolves once and checks every address: a name with one address outside and one inside is refused. Connect to what
    /// this returns, not to the name, whose DNS answer may change in between (rebinding).
    /// </summary>
    /// <exception cref="EgressDeniedException">The name has no address, or one that may not be connected to.</exception>
    public async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await LookUpAsync(host, cancellationToken);
        Demand(host, addresses);
        return addresses;
    }

    internal Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? literal) ? Task.FromResult<IPAddress[]>([literal]) : _resolve(host, cancellationToken);

    /// <exception cref="EgressDeniedException">There is no address, or one that may not be connected to.</exception>
    internal void Demand(string host, IPAddress[] addresses)
    {
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, IsAllowed)) throw EgressDeniedException.ByAddress(host);
    }

    /// <summary>The IPv4 address inside an IPv6 form that a router or this host would deliver to it.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        if (Nat64.Contains(address)) return new IPAddress(bytes.AsSpan(12, 4));
        if (SixToFour.Contains(address)) return new IPAddress(bytes.AsSpan(2, 4));
        // ::1 and :: are addresses of their own, not IPv4-compatible ones.
        if (Compatible.Contains(address) && (bytes[12] != 0 || bytes[13] != 0)) return new IPAddress(bytes.AsSpan(12, 4));
        return null;
    }

    private static IPNetwork[] Parse(params string[] ranges) => [.. ranges.Select(r => IPNetwork.Parse(r))];
}
