using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Egress;

public sealed class HostRulesTests
{
    [Theory]
    [InlineData("api.example.com", "api.example.com", true)]
    [InlineData("api.example.com", "API.Example.COM.", true)]
    [InlineData("api.example.com", "evil-api.example.com", false)]
    [InlineData("api.example.com", "api.example.com.evil.org", false)]
    [InlineData("api.example.com", "sub.api.example.com", false)]
    [InlineData("*.example.com", "a.example.com", true)]
    [InlineData("*.example.com", "a.b.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", ".example.com", false)]
    [InlineData("*.example.com", "evilexample.com", false)]
    [InlineData("bücher.example", "xn--bcher-kva.example", true)]
    [InlineData("xn--bcher-kva.example", "bücher.example", true)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("[2001:DB8::1]", "2001:db8:0:0::1", true)]
    [InlineData("api.example.com", "", false)]
    [InlineData("api.example.com", "api.example.com:80", false)]
    [InlineData("api.example.com", "api.example.com@evil.org", false)]
    public void A_host_is_on_the_list_or_not(string pattern, string host, bool allowed) => Rules(pattern).Allows(host).ShouldBe(allowed);

    [Fact]
    public void Without_a_list_every_host_is_allowed() => HostRules.Any.Allows("anything.example").ShouldBeTrue();

    [Fact]
    public void An_organisation_of_which_nothing_is_known_reaches_nothing()
    {
        EgressRules rules = new();
        var organization = EntityId.New<OrganizationId>(TimeProvider.System);
        rules.Allows(organization, "api.example.com").ShouldBeFalse();
        rules.Set(organization, HostRules.Any);
        rules.Allows(organization, "api.example.com").ShouldBeTrue();
        rules.Replace(new Dictionary<OrganizationId, HostRules>());
        rules.Allows(organization, "api.example.com").ShouldBeFalse();
    }

    [Theory]
    [InlineData("https://api.example.com")]
    [InlineData("api.example.com/path")]
    [InlineData("api.example.com:443")]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("a.*.example.com")]
    [InlineData("*.*.example.com")]
    [InlineData("*.10.0.0.1")]
    [InlineData("-a.example.com")]
    [InlineData("a..example.com")]
    [InlineData("user@example.com")]
    [InlineData("a b.example.com")]
    [InlineData("")]
    public void What_is_no_host_is_refused(string pattern)
    {
        InputCheck check = new();
        HostRules.Check(check, [pattern], "hosts");
        Should.Throw<RefusalException.Invalid>(check.ThrowIfWrong);
    }

    private static HostRules Rules(string pattern)
    {
        InputCheck check = new();
        var patterns = HostRules.Check(check, [pattern], "hosts");
        check.ThrowIfWrong();
        return HostRules.Of(patterns);
    }
}
