using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Two organisations put the same server behind the gateway, each with a key of its own, and call it at once.</summary>
public sealed class SameUpstreamTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private const int AtOnce = 16;

    private readonly ConcurrentQueue<string> _faults = new();
    private readonly ConcurrentDictionary<string, string> _ownerOfSession = new();
    private FakeUpstream _upstream = null!;
    private Tenant[] _tenants = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Probe = (http, request) => AnswerAsync(http, request);
        _upstream.Answer = AnswerAsync;
        _tenants = [await AddAsync("red"), await AddAsync("blue")];
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    [Fact]
    public async Task Nothing_crosses()
    {
        var calls = Property.Times(normally: 1_000, nightly: 10_000);
        await Parallel.ForAsync(0, calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken }, async (number, _) =>
        {
            var tenant = _tenants[number % 2];
            var mark = $"{tenant.Name}-{number}";
            var answer = number % 10 == 0 ? await ListAsync(tenant) : await CallAsync(tenant, mark, isSession: number % 3 == 0);
            var foreign = _tenants[(number + 1) % 2].Name;
            if (answer.Body.Contains(foreign, StringComparison.Ordinal)) _faults.Enqueue($"{mark} was answered {answer.Body}");
            if (number % 10 != 0 && !answer.Body.Contains($"echo {mark} for {tenant.Name}", StringComparison.Ordinal)) _faults.Enqueue($"{mark} was answered {answer.Body}");
            if (number % 10 == 0 && !answer.Body.Contains($"{tenant.Name}_only", StringComparison.Ordinal)) _faults.Enqueue($"{mark} listed {answer.Body}");
            if (answer.Headers.Contains("Set-Cookie")) _faults.Enqueue($"{mark} was given a cookie");
        });

        _faults.ShouldBeEmpty();
        _upstream.Requests.Count(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).ShouldBe(calls - calls / 10);
    }

    /// <summary>Answers by the key, sets cookies, keeps sessions, and notes whatever does not fit together.</summary>
    private Task AnswerAsync(HttpContext http, SeenRequest request)
    {
        var name = request.Headers.GetValueOrDefault("X-Key", "") switch { "key-of-red" => "red", "key-of-blue" => "blue", var other => $"nobody ({other})" };
        if (request.Headers.TryGetValue("Cookie", out var cookie)) _faults.Enqueue($"{name} sent the cookie {cookie}");
        if (request.Headers.TryGetValue("X-Tenant", out var tenant) && tenant != name) _faults.Enqueue($"{name} sent the header of {tenant}");
        if (request.Headers.TryGetValue("Mcp-Session-Id", out var session) && _ownerOfSession.GetValueOrDefault(session) != name) _faults.Enqueue($"{name} used a session of {_ownerOfSession.GetValueOrDefault(session)}");
        http.Response.Headers.SetCookie = $"who={name}";
        if (request.Body.Length == 0) return Task.CompletedTask;
        var message = JsonNode.Parse(request.Body)!;
        if (message["id"] is null)
        {
            http.Response.StatusCode = 202;
            return Task.CompletedTask;
        }

        var isStateless = message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] is not null;
        var more = isStateless ? ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" : "";
        string result;
        switch ((string?)message["method"])
        {
            case "initialize":
                var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N");
                _ownerOfSession[id] = name;
                http.Response.Headers["Mcp-Session-Id"] = id;
                result = """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"same","version":"1"}}""";
                break;
            case "server/discover":
                result = """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}""";
                break;
            case "tools/list":
                result = $"{{\"tools\":[{{\"name\":\"{name}_only\",\"inputSchema\":{{\"type\":\"object\"}}}}]{more}}}";
                break;
            default:
                var mark = (string?)message["params"]!["arguments"]!["mark"];
                result = $"{{\"content\":[{{\"type\":\"text\",\"text\":\"echo {mark} for {name}\"}}]{(isStateless ? ",\"resultType\":\"complete\"" : "")}}}";
                break;
        }

        return FakeUpstream.JsonAsync(http, $"{{\"jsonrpc\":\"2.0\",\"id\":{message["id"]!.ToJsonString()},\"result\":{result}}}");
    }

    private Task<HttpAnswer> ListAsync(Tenant tenant) => gateway.SendAsync(HttpMethod.Post, tenant.Path, Encoding.UTF8.GetBytes(Mcp.List), tenant.Token);

    private Task<HttpAnswer> CallAsync(Tenant tenant, string mark, bool isSession)
    {
        var arguments = $$"""{"mark":"{{mark}}"}""";
        return isSession
            ? gateway.SendAsync(HttpMethod.Post, tenant.Path, Encoding.UTF8.GetBytes(Mcp.Call("echo", arguments)), tenant.Token)
            : new StatelessClient(gateway, tenant.Path).SendAsync(StatelessClient.Message("tools/call", $"\"name\":\"echo\",\"arguments\":{arguments}"), tenant.Token);
    }

    private async Task<Tenant> AddAsync(string name)
    {
        var stop = TestContext.Current.CancellationToken;
        var services = gateway.Services;
        var person = await Colleague.CreateAloneAsync(gateway, "Owner");
        var membership = await services.GetRequiredService<OrganizationAdmin>().CreateAsync(person.User.Id, new NewOrganization("Same", $"org-{name}"), stop);
        var actor = Actor.Of(membership, TestChanges.Origin);
        var server = await services.GetRequiredService<ServerAdmin>().CreateAsync(actor, new NewServer("Same", "same", _upstream.Url.ToString(),
            Credential: new CredentialInput(CredentialKind.ApiKey, "X-Key", new Secret($"key-of-{name}"))) { Headers = [new ServerHeader("X-Tenant", name)] }, stop);
        await services.GetRequiredService<GovernanceAdmin>().ReplaceAsync(actor, server.Server.Id, new NewGovernance(GovernanceMode.None, null), stop);
        var token = (await services.GetRequiredService<TokenAdmin>().CreateAsync(actor, new NewToken("t", TokenScopes.All.ToNames()), stop)).Text.Reveal();
        return new Tenant(name, $"/mcp/org-{name}/server/same", token);
    }

    private sealed record Tenant(string Name, string Path, string Token);
}
