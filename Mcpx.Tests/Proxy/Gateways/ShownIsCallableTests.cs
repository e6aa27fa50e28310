using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;
using Property = Mcpx.Tests.Fixtures.Property;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>Whatever administrators and servers write: what a virtual gateway shows is what can be called, and nothing else.</summary>
public sealed class ShownIsCallableTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    // Few and close together, so that prefixes, renames and looks meet.
    private static readonly string[] Names = ["get", "Get", "g\u0435t", "get ", "b_get", "a_b_get", "c", "b_c", "gr\u00f6\u00dfe", "x-1"];
    private static readonly string[] Renames = ["get", "c", "b_c", "x-1", "other"];

    private static readonly Gen<GeneratedMember> Members =
        from prefix in Gen.Elements("", "a_", "a_b_", "A_", "b")
        from tools in Gen.ListOf(Gen.Elements(Names))
        from isSelected in Gen.Elements(true, false)
        from selection in Gen.SubListOf(Names)
        from renamed in Gen.SubListOf("get", "c", "b_get")
        from names in Gen.Shuffle(Renames)
        from mode in Gen.Elements("none", "blocklist", "allowlist")
        from rules in Gen.SubListOf("get", "Get", "c", "b_c", "x-1")
        select new GeneratedMember(prefix, [.. tools], isSelected ? [.. selection] : null, [.. renamed.Zip(names)], mode, [.. rules]);

    private int _servers;

    [Theory]
    [InlineData("both")]
    [InlineData("session")]
    [InlineData("stateless")]
    public async Task What_is_shown_is_exactly_what_can_be_called(string eras)
    {
        await using var servers = await RecordingServers.StartAsync(eras);

        Property.Holds(Gen.ArrayOf(Members).Where(m => m.Length is > 0 and <= 4), members => Wait(HoldsAsync(servers, eras, members)), Property.Times(normally: 8, nightly: 150));
    }

    private async Task HoldsAsync(RecordingServers servers, string eras, GeneratedMember[] members)
    {
        string[] slugs = [.. members.Select(_ => $"{eras}-{Interlocked.Increment(ref _servers)}")];
        foreach (var (slug, member) in slugs.Zip(members)) await gateway.AddServerAsync(slug, servers.Add(slug, member.Tools), null, member.Mode, member.Mode == "none" ? [] : member.Rules);
        var path = (await gateway.AddGatewayAsync(slugs[0], [.. slugs.Zip(members, (slug, member) => new
        {
            server = slug, prefix = member.Prefix, tools = member.Selection, overrides = member.Renames.Select(r => new { tool = r.Tool, name = r.Name }),
        })])).AbsolutePath;
        string[] candidates = [.. members.SelectMany(m => Names.Concat(Renames).SelectMany(name => (string[])[name, m.Prefix + name])).Distinct(StringComparer.Ordinal)];
        foreach (var client in (SessionClient?[])[null, await SessionClient.OpenAtAsync(gateway, path)])
        {
            var list = (await AskAsync(path, client, "tools/list", ""))["result"]!;
            list["_meta"]!["mcpx/upstreams"]!.AsArray().ShouldAllBe(m => (string)m!["status"]! == "ok");
            string[] shown = [.. list["tools"]!.AsArray().Select(t => (string)t!["name"]!)];
            shown.ShouldBeUnique();
            shown.ShouldBeSubsetOf(candidates);
            foreach (var name in candidates)
            {
                var answer = await AskAsync(path, client, "tools/call", $"\"name\":{JsonSerializer.Serialize(name)},\"arguments\":{{\"call\":1}}");
                if (!shown.Contains(name)) ((int?)answer["error"]?["code"]).ShouldBe(-32602, name);
                else ShouldBeOf(members[Array.IndexOf(slugs, (string?)answer["result"]?["server"])], (string)answer["result"]!["tool"]!, name);
            }
        }
    }

    /// <param name="client">Null asks without a session.</param>
    private async Task<JsonNode> AskAsync(string path, SessionClient? client, string method, string parameters) => client is null
        ? (await new StatelessClient(gateway, path).SendAsync(StatelessClient.Message(method, parameters))).Json
        : JsonNode.Parse(await client.SendAsync("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{" + parameters + "}}"))!;

    /// <summary>The tool that was reached is that member's, selected and allowed, and the name is what it is shown as.</summary>
    private static void ShouldBeOf(GeneratedMember member, string tool, string name)
    {
        member.Tools.Count(t => t == tool).ShouldBe(1, name);
        (member.Selection?.Contains(tool)).ShouldNotBe(false, name);
        (member.Mode == "none" || member.Rules.Contains(tool) == (member.Mode == "allowlist")).ShouldBeTrue(name);
        name.ShouldBe(member.Prefix + (member.Renames.Any(r => r.Tool == tool) ? member.Renames.Single(r => r.Tool == tool).Name : tool));
    }

    // The generator knows no tasks.
    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private sealed record GeneratedMember(string Prefix, string[] Tools, string[]? Selection, (string Tool, string Name)[] Renames, string Mode, string[] Rules);
}
