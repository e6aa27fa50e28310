using System.Text;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>
/// Thousands of calls to two servers behind one virtual gateway, whose prefixes can be mistaken for each other. What reaches
/// a server must be meant for it, allowed, and under its own name.
/// </summary>
public sealed class GatewayDifferentialTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const int Seed = 20260728;
    private const int AtOnce = 16;

    /// <summary>Every name that leads somewhere. Written out, so that nothing of the gateway's own decides what is right.</summary>
    private static readonly Dictionary<string, (string Server, string Tool)> Callable = new(StringComparer.Ordinal)
    {
        ["a_open"] = ("one", "open"),
        ["a_Open"] = ("one", "Open"),
        ["a_\u00f6ffnen"] = ("one", "\u00f6ffnen"),
        ["a_\u958b\u304f"] = ("one", "\u958b\u304f"),
        ["a_two words"] = ("one", "two words"),
        ["a_new"] = ("one", "old"),
        ["a_secrets"] = ("one", "secrets"),
        ["a_b_get"] = ("two", "get"),
        ["a_b_x"] = ("two", "x"),
        ["a_b_open"] = ("two", "open"),
    };

    /// <summary>With those of the other, b_c is a conflict, and b_Y and b_m\u0435 look alike. The last ones are blocked, or not selected.</summary>
    private static readonly string[] One =
    [
        "open", "Open", "\u00f6ffnen", "\u958b\u304f", "two words", "old", "secrets", "b_c", "b_Y", "b_m\u0435", "secret", "admin_x", "unselected",
    ];

    /// <summary>The last ones are not allowed.</summary>
    private static readonly string[] Two = ["c", "y", "me", "get", "x", "open", "drop", "b_c"];

    private static readonly string[] Names =
    [
        .. Callable.Keys, .. One, .. Two, .. One.Select(t => "a_" + t), .. Two.Select(t => "a_b_" + t),
        "a_old", "new", "a_a_open", "a_a_b_get", "A_open", "A_B_GET", "a_b_GET", "a__open", "a_ open", "a_open ", " a_open", "a_open\n", "a_open\u0000", "a_open\u200b",
        "\uff41_open", "\u0430_open", "a_o\u0308ffnen", "a_two  words", "a_two\u00a0words", "a_secret ", "a_Secret", "a_\u0455ecret", "a_secret\u0000", "a_b_drop\u200b",
        "a_b_c ", "a_b_C", "a_b_", "a_", "", "ab_get", "b_get", "a_b_b_c", "a_\ud83d\ude00",
    ];

    private static int Count => Property.Times(normally: 1_500, nightly: 100_000);

    [Theory]
    [InlineData("both")]
    [InlineData("session")]
    [InlineData("stateless")]
    public async Task Each_call_reaches_the_one_tool_that_it_may_or_none(string eras)
    {
        await using var servers = await RecordingServers.StartAsync(eras);
        var path = await GatewayAsync(servers, eras);
        var session = (await SessionClient.OpenAtAsync(gateway, path)).Handle;
        var random = new Random(Seed);
        var calls = Enumerable.Range(0, Count).Select(id => GeneratedCall.Generate(random, id, Names)).ToList();

        foreach (var batch in calls.Chunk(AtOnce))
        {
            await Task.WhenAll(batch.Select(async call =>
            {
                (string, string)[] headers = call.IsModern ? call.Headers : [("Mcp-Session-Id", session)];
                var answer = await gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(call.Body), gateway.Token, headers);
                ((int)answer.Status).ShouldBeLessThan(500, call.Body);
                if (call.IsHonest) ShouldBeOf(answer, call);
            }));
        }

        var reached = servers.Calls.ToList();
        foreach (var call in reached) ShouldBeMeant(call, calls[call.Call], eras);
        var honest = calls.Where(c => c.IsHonest && Callable.ContainsKey(c.Name)).Select(c => c.Id).ToList();
        reached.Select(r => r.Call).ShouldBeUnique();
        honest.Except(reached.Select(r => r.Call)).ShouldBeEmpty();
        honest.Count.ShouldBeGreaterThan(Count / 20);
    }

    private async Task<string> GatewayAsync(RecordingServers servers, string eras)
    {
        await gateway.AddServerAsync($"one-{eras}", servers.Add("one", One), null, "blocklist", "secret", "admin*");
        await gateway.AddServerAsync($"two-{eras}", servers.Add("two", Two), null, "allowlist", "c", "y", "me", "get", "x", "open");
        var endpoint = await gateway.AddGatewayAsync($"mixed-{eras}",
            new { server = $"one-{eras}", prefix = "a_", tools = One.Except(["unselected"]), overrides = new[] { new { tool = "old", name = "new" } } },
            new { server = $"two-{eras}", prefix = "a_b_" });
        return endpoint.AbsolutePath;
    }

    private static void ShouldBeOf(HttpAnswer answer, GeneratedCall call)
    {
        if (Callable.TryGetValue(call.Name, out var target))
        {
            ((string?)answer.Json["result"]?["server"], (string?)answer.Json["result"]?["tool"]).ShouldBe(target, call.Body + answer.Body);
            ((int)answer.Json["id"]!).ShouldBe(call.Id);
            return;
        }

        // The second for names that are none: empty, or half of a character.
        ((int?)answer.Json["error"]?["code"]).ShouldBeOneOf([-32602, -32600], call.Body + answer.Body);
    }

    /// <summary>Whatever any parser finds in what came is the one tool that one of the call's names leads to.</summary>
    private static void ShouldBeMeant(ReachedCall reached, GeneratedCall call, string eras)
    {
        (((string, string)[])[Callable.GetValueOrDefault(call.Name), Callable.GetValueOrDefault(call.Other)]).ShouldContain((reached.Server, reached.Name), call.Body);
        if (call.IsHonest) (reached.Server, reached.Name).ShouldBe(Callable[call.Name], call.Body);
        GeneratedCall.EveryNameIn(reached.Body).ShouldAllBe(name => name == reached.Name);
        var isStateless = eras == "stateless" || eras == "both" && call.IsModern;
        reached.Header.ShouldBe(isStateless ? reached.Name : null);
    }
}
