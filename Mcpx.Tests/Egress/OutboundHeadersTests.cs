using Mcpx.Core.Egress;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

public sealed class OutboundHeadersTests
{
    [Theory]
    [InlineData("X-API-Key")]
    [InlineData("Authorization")]
    [InlineData("api_key")]
    [InlineData("X-Mcp-Key")]
    public void Headers_of_credentials_may_be_set(string name) => OutboundHeaders.Refuse(name).ShouldBeNull();

    [Theory]
    [InlineData("Host")]
    [InlineData("hOST")]
    [InlineData("Content-Length")]
    [InlineData("content-type")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Connection")]
    [InlineData("Keep-Alive")]
    [InlineData("Upgrade")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Proxy-Authorization")]
    [InlineData("Cookie")]
    [InlineData("Mcp-Session-Id")]
    [InlineData("MCP-Protocol-Version")]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    [InlineData("Origin")]
    [InlineData("traceparent")]
    [InlineData("Accept")]
    [InlineData("Expect")]
    public void Headers_of_the_gateway_may_not(string name) => OutboundHeaders.Refuse(name).ShouldNotBeNull().ShouldContain(name);

    [Theory]
    [InlineData("")]
    [InlineData("X Key")]
    [InlineData("X:Key")]
    [InlineData("X-Key\r\nHost")]
    [InlineData("X-Kéy")]
    [InlineData("X-Key\0")]
    public void What_is_no_header_name_is_refused(string name) => OutboundHeaders.Refuse(name).ShouldNotBeNull().ShouldNotContain('\n');

    [Fact]
    public void A_name_is_bounded()
    {
        OutboundHeaders.Refuse(new string('x', 128)).ShouldBeNull();
        OutboundHeaders.Refuse(new string('x', 129)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("sk-123", true)]
    [InlineData("Bearer a b", true)]
    [InlineData("", false)]
    [InlineData(" a", false)]
    [InlineData("a ", false)]
    [InlineData("a\r\nHost: b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\0", false)]
    [InlineData("a\tb", false)]
    [InlineData("ü", false)]
    [InlineData("\x7f", false)]
    public void Values_are_visible_ASCII(string value, bool valid) => OutboundHeaders.IsValidValue(value).ShouldBe(valid);
}
