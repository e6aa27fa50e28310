using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Mcpx.Tests.Proxy.Gateways;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>How soon a change that was made on one replica holds for calls on both. The figures are printed.</summary>
public sealed class ChangeFiguresTests(PostgresFixture postgres, GatewayFixture first) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const int Rounds = 10;

    private GatewayFixture _second = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private GatewayFixture[] Both => [first, _second];

    public async ValueTask InitializeAsync()
    {
        _second = new GatewayFixture(postgres);
        await _second.StartAsync(first.ConnectionString);
    }

    public ValueTask DisposeAsync() => _second.DisposeAsync();

    [Fact]
    public async Task A_rule_and_a_switch_hold_on_both_replicas()
    {
        await using var member = await Member.StartAsync(first, "both", "get");
        await UntilAsync(member, isOpen: true);
        await PrintAsync("a rule's edit", member, () => first.ApiAsync(HttpMethod.Put, $"/api/servers/{member.Id}/governance", new { mode = "blocklist", tools = new[] { "get" } }),
            () => first.ApiAsync(HttpMethod.Put, $"/api/servers/{member.Id}/governance", new { mode = "none" }));
        await PrintAsync("the kill switch", member, () => first.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = false }),
            () => first.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = true }));
    }

    [Fact]
    public async Task A_switch_ends_a_call_that_is_under_way_on_the_other_replica()
    {
        await using var member = await Member.StartAsync(first, "both", "get", "slow");
        member.Before = message => (string?)message["params"]?["name"] == "slow" ? FakeUpstream.HangAsync : null;
        List<TimeSpan> took = [];
        for (var round = 1; round <= Rounds; round++)
        {
            await UntilAsync(member, isOpen: true);
            var calls = member.Calls.Count();
            var call = StatelessClient.Of(_second, member.Slug).CallAsync("slow");
            await Eventually.TrueAsync(() => member.Calls.Count() > calls, "the call is at the server", Cancelled);
            var since = TimeProvider.System.GetTimestamp();
            await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = false });
            ((string?)(await call).Json["error"]?["data"]?["reason"]).ShouldBe("server_disabled");
            took.Add(TimeProvider.System.GetElapsedTime(since));
            await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = true });
        }

        Print("the kill switch, call under way on the other replica", took);
    }

    private async Task PrintAsync(string what, Member member, Func<Task<HttpAnswer>> close, Func<Task<HttpAnswer>> open)
    {
        List<TimeSpan> took = [];
        for (var round = 0; round < Rounds; round++)
        {
            var since = TimeProvider.System.GetTimestamp();
            ((int)(await close()).Status).ShouldBe(200);
            await UntilAsync(member, isOpen: false);
            took.Add(TimeProvider.System.GetElapsedTime(since));
            ((int)(await open()).Status).ShouldBe(200);
            await UntilAsync(member, isOpen: true);
        }

        Print(what, took);
    }

    /// <summary>By calls, one after the other, on each replica.</summary>
    private async Task UntilAsync(Member member, bool isOpen)
    {
        foreach (var gateway in Both)
        {
            var client = StatelessClient.Of(gateway, member.Slug);
            var patience = TimeProvider.System.GetTimestamp();
            while ((await client.CallAsync("get")).Body.Contains("\"result\"", StringComparison.Ordinal) != isOpen)
                TimeProvider.System.GetElapsedTime(patience).ShouldBeLessThan(TimeSpan.FromSeconds(30), $"{member.Slug} is {(isOpen ? "open" : "closed")}");
        }
    }

    private static void Print(string what, List<TimeSpan> took)
    {
        var ordered = took.Order().ToArray();
        TestContext.Current.TestOutputHelper!.WriteLine($"{what} on both replicas: {ordered[Rounds / 2].TotalMilliseconds:0} ms ({ordered[0].TotalMilliseconds:0} … {ordered[^1].TotalMilliseconds:0})");
    }
}
