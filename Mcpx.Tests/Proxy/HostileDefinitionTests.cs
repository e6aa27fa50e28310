using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;
using static Mcpx.Tests.Proxy.ShiftingUpstream;

namespace Mcpx.Tests.Proxy;

/// <summary>Definitions that were made to slip past whoever compares them.</summary>
public sealed class HostileDefinitionTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Theory]
    [InlineData("""{"name":"evil","name":"get","description":"x"}""")]
    [InlineData("""{"name":"evil","description":"x","description":"y"}""")]
    [InlineData("""{"name":"evil","inputSchema":{"a":1,"a":2}}""")]
    [InlineData("""{"name":"evil","description":"\ud800"}""")]
    [InlineData("""{"name":"ev\u0000il","description":"x"}""")]
    [InlineData("""{"name":"","description":"x"}""")]
    [InlineData("""{"description":"x"}""")]
    [InlineData("""{"name":["evil"],"description":"x"}""")]
    [InlineData("""null""")]
    [InlineData("""[{"name":"evil"}]""")]
    public async Task A_definition_that_can_be_read_in_two_ways_is_shown_in_none(string definition)
    {
        await using var upstream = await PinnedAsync(gateway, [Tool("get")]);
        upstream.ToClients = [Tool("get"), definition];
        (await upstream.ListedAsync()).ShouldBe(["get"]);
        await upstream.ModeAsync("alert");
        (await upstream.ListedAsync()).ShouldBe(["get"]);
        (await upstream.ApproveAllAsync())["approved"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Huge_numbers_names_and_depths_are_hidden_and_harm_nothing()
    {
        await using var upstream = await PinnedAsync(gateway, [Tool("get")]);
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 55)) + "1" + new string('}', 55);
        upstream.ToClients =
        [
            Tool("get"), $"{{\"name\":\"number\",\"x\":1e{new string('9', 100_000)}}}", Tool(new string('n', 1000)), Tool("deep", schema: deep), $"{{\"name\":\"large\",\"x\":\"{new string('x', 1 << 20)}\"}}",
        ];

        (await upstream.ListedAsync()).ShouldBe(["get"]);
        (await upstream.RuleAgainstAsync("number")).ShouldBe("pin:unknown");
        (await upstream.RuleAgainstAsync(new string('n', 1000))).ShouldBe("pin:unknown");
    }

    [Fact]
    public async Task Two_thousand_tools_are_pinned_and_one_of_them_is_found()
    {
        string[] tools = [.. Enumerable.Range(0, 2000).Select(i => Tool($"t{i}"))];
        await using var upstream = await PinnedAsync(gateway, tools);
        upstream.Tools = [.. tools.Select((t, i) => i == 1234 ? Tool("t1234", "other") : t)];

        var listed = await upstream.ListedAsync();

        listed.Length.ShouldBe(1999);
        listed.ShouldNotContain("t1234");
        (await upstream.RefreshAsync())["pending"]!.GetValue<int>().ShouldBe(1);
        (await upstream.RuleAgainstAsync("t1234")).ShouldBe("pin:changed");
    }

    [Theory]
    [InlineData("get_usеr")]
    [InlineData("get_user\u200b")]
    [InlineData("Get_User")]
    public async Task The_same_definition_under_a_name_that_looks_alike_is_a_new_tool_with_a_warning(string name)
    {
        await using var upstream = await PinnedAsync(gateway, [Tool("get_user")]);
        upstream.Tools = [Tool(name)];

        (await upstream.ListedAsync()).ShouldBeEmpty();
        await upstream.RefreshAsync();
        (await upstream.RuleAgainstAsync(name)).ShouldBe("pin:new");
        (await upstream.PinAsync(name))["warnings"]!.AsArray().Select(w => (string)w!).ShouldContain(w => w.Contains("“get_user”"));
    }

    [Fact]
    public async Task A_name_that_stands_twice_shows_the_approved_definition_and_closes_for_the_other()
    {
        await using var upstream = await PinnedAsync(gateway, [Tool("get")]);
        upstream.Tools = [Tool("get"), Tool("get", "the other")];

        (await gateway.PostAsync(upstream.Slug, Mcp.List)).Body.ShouldNotContain("the other");
        await upstream.RefreshAsync();
        (await upstream.RuleAgainstAsync("get")).ShouldBe("pin:changed");
        (await upstream.ListedAsync()).ShouldBeEmpty();
    }
}
