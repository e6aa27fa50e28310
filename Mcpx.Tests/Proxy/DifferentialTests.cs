using System.Text.Json;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>
/// Thousands of calls that try to say one tool to the gateway and another to the server. The recording upstream is read
/// with a parser that takes every spelling for real; what it finds there must have been allowed.
/// </summary>
public sealed class DifferentialTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const int Seed = 20260728;
    private const int AtOnce = 16;

    private static readonly string[] Names =
    [
        "open", "Open", "open ", " open", "öffnen", "開く", "o\u0301pen", "open/secret", "open\tsecret", "secrets", "a.b-c_d", "OPEN", "adm", "xadmin",
        "secret", "Secret", "SECRET", "secret ", " secret", "\tsecret", "secret\n", "ѕecret", "secret\u200b", "ſecret", "sec\u0000ret", "secret\u0000",
        "admin", "admin_x", "Admin", "ADMIN", "adm\u0131n", "admın", "admin ", "admin\ud83d\ude00",
    ];

    private static int Count => Property.Times(normally: 3_000, nightly: 100_000);

    [Theory]
    [InlineData("blocklist", "secret", "admin*")]
    [InlineData("allowlist", "open*", "öffnen", "開く")]
    public async Task No_blocked_tool_is_ever_reached_and_no_allowed_one_refused(string mode, params string[] tools)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, mode, tools);
        bool MayCall(string name) => tools.Any(t => t.EndsWith('*') ? name.StartsWith(t[..^1], StringComparison.Ordinal) : name == t) == (mode == "allowlist");
        var random = new Random(Seed);
        var calls = Enumerable.Range(0, Count).Select(id => GeneratedCall.Generate(random, id, Names)).ToList();

        var reached = new HashSet<int>();
        foreach (var batch in calls.Chunk(AtOnce))
        {
            await Task.WhenAll(batch.Select(async call =>
            {
                var answer = await gateway.PostAsync(slug, call.Body, headers: call.Headers);
                ((int)answer.Status).ShouldBeLessThan(500, call.Body);
            }));
            while (upstream.Requests.TryDequeue(out var seen))
            {
                foreach (var name in GeneratedCall.EveryNameIn(seen.Body)) MayCall(name).ShouldBeTrue($"“{name}” got through: {seen.Text}");
                reached.Add(JsonDocument.Parse(seen.Body).RootElement.GetProperty("id").GetInt32());
            }
        }

        foreach (var call in calls.Where(c => c.IsHonest))
            reached.Contains(call.Id).ShouldBe(MayCall(call.Name), call.Body);
        reached.Count.ShouldBeGreaterThan(Count / 20);
    }
}
