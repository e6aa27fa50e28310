using System.Net;
using System.Net.Sockets;

namespace Mcpx.Core.Primitives;

/// <summary>
/// What stands for one host where addresses are counted or told apart: the address itself, and of IPv6 its network of /64. A host has
/// 2⁶⁴ addresses there to come from, and changes them day by day (RFC 8981).
/// </summary>
public static class HostNetwork
{
    private const int NetworkBytes = 8;

    /// <returns><c>192.0.2.1</c>, also for an IPv4 address in IPv6's form, or <c>2001:db8::/64</c>.</returns>
    public static string Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4().ToString();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address)) return address.ToString();
        byte[] bytes = address.GetAddressBytes();
        Array.Clear(bytes, NetworkBytes, bytes.Length - NetworkBytes);
        return $"{new IPAddress(bytes)}/64";
    }
}
