using System.Text.Json;
using Mcpx.Tests.Fixtures;
using ModelContextProtocol.Protocol;
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
        var calls = Enumerable.Range(0, Count).Select(id => Generate(random, id)).ToList();

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
                foreach (var name in EveryNameIn(seen.Body)) MayCall(name).ShouldBeTrue($"“{name}” got through: {seen.Text}");
                reached.Add(JsonDocument.Parse(seen.Body).RootElement.GetProperty("id").GetInt32());
            }
        }

        foreach (var call in calls.Where(c => c.IsHonest))
            reached.Contains(call.Id).ShouldBe(MayCall(call.Name), call.Body);
        reached.Count.ShouldBeGreaterThan(Count / 20);
    }

    private static GeneratedCall Generate(Random random, int id)
    {
        string name = Pick(random, Names), other = Pick(random, Names);
        var spelled = random.Next(4) == 0 ? Escaped(name, random) : JsonSerializer.Serialize(name);
        var trick = random.Next(12);
        var key = trick switch { 0 => "Name", 1 => "n\\u0061me", 2 => "NAME", _ => "name" };
        var members = new List<string> { $"\"{key}\":{spelled}", "\"arguments\":{\"name\":\"secret\"}" };
        if (trick == 3) members.Add($"\"name\":{JsonSerializer.Serialize(other)}");
        if (trick == 4) members.Insert(0, $"\"n\\u0061me\":{JsonSerializer.Serialize(other)}");
        if (trick == 5) members.Add($"\"Name\":{JsonSerializer.Serialize(other)}");
        var isModern = random.Next(2) == 0;
        if (isModern) members.Add("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}");
        if (random.Next(2) == 0) members.Reverse();
        var space = random.Next(3) == 0 ? " \n\t" : "";
        var parameters = $"\"params\":{{{space}{string.Join("," + space, members)}}}";
        if (trick == 6) parameters += $",\"params\":{{\"name\":{JsonSerializer.Serialize(other)}}}";
        if (trick == 7) parameters = $"\"Params\":{{\"name\":{JsonSerializer.Serialize(other)}}}," + parameters;
        var body = $"{{\"jsonrpc\":\"2.0\",{space}{parameters},\"method\":\"tools/call\",\"id\":{id}}}";
        var header = trick == 8 ? other : name;
        (string, string)[] headers = isModern
            ? [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", McpHeaderEncoder.EncodeValue(header)!)]
            : [];
        return new GeneratedCall(id, name, body, headers, IsHonest: trick is 1 or > 8 || trick == 8 && (!isModern || header == name));
    }

    /// <summary>Each character as its escape, some of the time: the same name to every parser that unescapes.</summary>
    private static string Escaped(string name, Random random) =>
        "\"" + string.Concat(name.Select(c => random.Next(2) == 0 || c is '"' or '\\' || c < ' ' ? $"\\u{(int)c:x4}" : c.ToString())) + "\"";

    private static string Pick(Random random, string[] of) => of[random.Next(of.Length)];

    /// <summary>Whatever any parser might take for the tool's name: every params, every name, in any case.</summary>
    private static IEnumerable<string> EveryNameIn(byte[] body) =>
        from parameters in JsonDocument.Parse(body).RootElement.EnumerateObject()
        where parameters.Name.Equals("params", StringComparison.OrdinalIgnoreCase)
        from member in parameters.Value.EnumerateObject()
        where member.Name.Equals("name", StringComparison.OrdinalIgnoreCase)
        select member.Value.GetString();

    private sealed record GeneratedCall(int Id, string Name, string Body, (string, string)[] Headers, bool IsHonest);
}
