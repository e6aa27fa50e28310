using System.Net;
using Mcpx.Core.Egress;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

public sealed class AddressGuardTests
{
    private static readonly AddressGuard Closed = AddressGuard.FromConfiguration(null);

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450::1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    public void Public_addresses_are_open(string address) => Closed.IsAllowed(IPAddress.Parse(address)).ShouldBeTrue();

    [Theory]
    // RFC 6890 and successors, first and last address of each range.
    [InlineData("0.0.0.0", "0.255.255.255")]
    [InlineData("10.0.0.0", "10.255.255.255")]
    [InlineData("100.64.0.0", "100.127.255.255")]
    [InlineData("127.0.0.1", "127.255.255.255")]
    [InlineData("169.254.0.0", "169.254.255.255")]
    [InlineData("172.16.0.0", "172.31.255.255")]
    [InlineData("192.0.0.0", "192.0.0.255")]
    [InlineData("192.0.2.0", "192.0.2.255")]
    [InlineData("192.88.99.0", "192.88.99.255")]
    [InlineData("192.168.0.0", "192.168.255.255")]
    [InlineData("198.18.0.0", "198.19.255.255")]
    [InlineData("198.51.100.0", "198.51.100.255")]
    [InlineData("203.0.113.0", "203.0.113.255")]
    [InlineData("224.0.0.0", "239.255.255.255")]
    [InlineData("240.0.0.0", "255.255.255.255")]
    [InlineData("::", "::1")]
    [InlineData("::2", "::1:1")]
    [InlineData("100::", "100::ffff:ffff:ffff:ffff")]
    [InlineData("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    // IPv4 inside IPv6: mapped, compatible, NAT64 (well-known and local), 6to4, Teredo.
    [InlineData("::ffff:127.0.0.1", "::ffff:10.1.2.3")]
    [InlineData("::127.0.0.1", "::10.1.2.3")]
    [InlineData("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2002:7f00:1::", "2002:a9fe:a9fe::1")]
    [InlineData("2001:0:7f00:1::", "fe80::1%1")]
    public void Special_addresses_are_closed(string first, string last)
    {
        Closed.IsAllowed(IPAddress.Parse(first)).ShouldBeFalse();
        Closed.IsAllowed(IPAddress.Parse(last)).ShouldBeFalse();
    }

    [Fact]
    public void Operators_open_private_networks_and_only_those()
    {
        var guard = AddressGuard.FromConfiguration("10.0.0.0/8, ::1/128");

        guard.IsAllowed(IPAddress.Parse("10.1.2.3")).ShouldBeTrue();
        guard.IsAllowed(IPAddress.Parse("::ffff:10.1.2.3")).ShouldBeTrue();
        guard.IsAllowed(IPAddress.IPv6Loopback).ShouldBeTrue();
        guard.IsAllowed(IPAddress.Loopback).ShouldBeFalse();
        guard.IsAllowed(IPAddress.Parse("192.168.0.1")).ShouldBeFalse();
        guard.IsAllowed(IPAddress.Parse("8.8.8.8")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:a9fe:a9fe::")]
    [InlineData("169.254.170.2")]
    [InlineData("100.100.100.200")]
    [InlineData("192.0.0.192")]
    [InlineData("168.63.129.16")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd20:ce::254")]
    [InlineData("fe80::a9fe:a9fe")]
    public void Metadata_services_stay_closed_whatever_is_opened(string address) =>
        AddressGuard.FromConfiguration("0.0.0.0/0,::/0,169.254.169.254/32,100.100.100.200/32,fd00::/8,fe80::/10").IsAllowed(IPAddress.Parse(address)).ShouldBeFalse();

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("everything")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/8;fd00::/8")]
    public void A_range_that_is_none_is_refused(string ranges) => Should.Throw<FormatException>(() => AddressGuard.FromConfiguration(ranges));
}
