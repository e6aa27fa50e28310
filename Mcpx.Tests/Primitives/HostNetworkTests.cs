using System.Net;
using Mcpx.Core.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Primitives;

public sealed class HostNetworkTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64")]
    [InlineData("2001:db8::1", "2001:db8::/64")]
    [InlineData("fe80::1%3", "fe80::/64")]
    [InlineData("::1", "::1")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    public void One_host_is_one_network(string address, string network) => HostNetwork.Of(IPAddress.Parse(address)).ShouldBe(network);
}
