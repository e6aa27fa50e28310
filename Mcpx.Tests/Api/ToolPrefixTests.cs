using System.Net;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>The prefix of a server, and members of gateways that take it.</summary>
public sealed class ToolPrefixTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly Uri Upstream = new("https://mcp.example.com/mcp");

    [Fact]
    public async Task A_member_without_a_prefix_follows_its_server_and_an_empty_one_is_none()
    {
        var (slug, id) = await gateway.AddUpstreamAsync(Upstream);
        var (other, _) = await gateway.AddUpstreamAsync(Upstream);
        var server = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { toolPrefix = "hr_" });
        ((string?)server.Json["toolPrefix"]).ShouldBe("hr_", server.Body);
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "follows", members = new object[] { new { server = slug }, new { server = other, prefix = "" } } });
        Prefixes(made).ShouldBe([(null, "hr_"), ("", "")]);

        // Sent back as it came, and left as it is by a change of something else.
        var again = await gateway.ApiAsync(HttpMethod.Patch, made.Headers.Location!.ToString(), new { members = made.Json["members"] });
        Prefixes(again).ShouldBe([(null, "hr_"), ("", "")]);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { name = "Renamed" })).Json["toolPrefix"]!.GetValue<string>().ShouldBe("hr_");
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { toolPrefix = "people." })).Status.ShouldBe(HttpStatusCode.OK);
        Prefixes(await gateway.ApiAsync(HttpMethod.Get, made.Headers.Location!.ToString())).ShouldBe([(null, "people."), ("", "")]);
        gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Gateways.Find(gateway.Organization)!.FindGateway("follows")!.Members.Select(m => m.Prefix).ShouldBe(["people.", ""]);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { toolPrefix = "" })).Status.ShouldBe(HttpStatusCode.OK);
        Prefixes(await gateway.ApiAsync(HttpMethod.Get, made.Headers.Location!.ToString())).ShouldBe([(null, ""), ("", "")]);

        // Whatever prefix the server gets later, a renamed tool's name stays one that clients take.
        object Renamed(int length, string? prefix) => new { server = slug, prefix, overrides = new[] { new { tool = "a", name = new string('n', length) } } };
        var wrong = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "no-room", members = new[] { Renamed(97, null) } });
        wrong.Json["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["members[0].overrides[0].name"]);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "room", members = new[] { Renamed(96, null) } })).Status.ShouldBe(HttpStatusCode.Created);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "full", members = new[] { Renamed(128, "") } })).Status.ShouldBe(HttpStatusCode.Created);

        static IEnumerable<(string?, string?)> Prefixes(HttpAnswer answer) => answer.Json["members"]!.AsArray().Select(m => ((string?)m!["prefix"], (string?)m["effectivePrefix"]));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("123456789012345678901234567890123")]
    public async Task A_servers_prefix_is_checked_as_a_members(string prefix)
    {
        var (_, id) = await gateway.AddUpstreamAsync(Upstream);
        foreach (var answer in new[]
        {
            await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { toolPrefix = prefix }),
            await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "wrong-prefix", url = Upstream, toolPrefix = prefix }),
        })
        {
            answer.Status.ShouldBe(HttpStatusCode.BadRequest);
            answer.Json["errors"]!["toolPrefix"]![0]!.GetValue<string>().ShouldContain("at most 32");
        }
    }
}
