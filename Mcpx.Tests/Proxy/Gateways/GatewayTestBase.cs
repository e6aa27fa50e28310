using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy.Gateways;

/// <summary>Members, gateways made of them, and clients of both eras.</summary>
public abstract class GatewayTestBase(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private readonly List<Member> _members = [];

    private protected GatewayFixture Gateway => gateway;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members) await member.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task<Member> MemberAsync(string eras, params string[] tools)
    {
        var member = await Member.StartAsync(Gateway, eras, tools);
        _members.Add(member);
        return member;
    }

    private protected string PathOf(string slug) => $"/mcp/{Gateway.Organization}/gateway/{slug}";

    private protected async Task<string> GatewayAsync(params object[] members)
    {
        var slug = "g" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true);
        var made = await Gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = slug, slug, members });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return slug;
    }

    private protected async Task ChangeAsync(string slug, object change)
    {
        var id = (await Gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Json["items"]!.AsArray().Single(g => (string?)g!["slug"] == slug)!["id"]!;
        var changed = await Gateway.ApiAsync(HttpMethod.Patch, $"/api/gateways/{id}", change);
        changed.Status.ShouldBe(HttpStatusCode.OK, changed.Body);
    }

    private protected static string Message(bool isSession, string method, string parameters = "") => isSession
        ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{" + parameters + "}}"
        : StatelessClient.Message(method, parameters);

    private protected async Task<JsonNode> RawAsync(string slug, bool isSession, string message) => isSession
        ? JsonNode.Parse(await (await SessionClient.OpenAtAsync(Gateway, PathOf(slug))).SendAsync(message))!
        : (await new StatelessClient(Gateway, PathOf(slug)).SendAsync(message)).Json;

    private protected async Task<JsonNode> ListAsync(string slug, bool isSession) => (await RawAsync(slug, isSession, Message(isSession, "tools/list")))["result"]!;

    private protected Task<JsonNode> CallAsync(string slug, bool isSession, string tool) =>
        RawAsync(slug, isSession, Message(isSession, "tools/call", $"\"name\":{System.Text.Json.JsonSerializer.Serialize(tool)},\"arguments\":{{}}"));

    private protected async Task<JsonNode> OpeningAsync(string slug, bool isSession) => isSession
        ? (await SessionClient.OpenAtAsync(Gateway, PathOf(slug))).Opening
        : (await RawAsync(slug, isSession, Message(isSession, "server/discover")))["result"]!;
}
