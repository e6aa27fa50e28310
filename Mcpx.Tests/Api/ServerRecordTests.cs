using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>Tags, extra headers, owner, and what depends on a server.</summary>
public sealed class ServerRecordTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Servers_are_found_by_their_tags()
    {
        await AddAsync("tagged-a", new { tags = new[] { "Finance", " eu ", "finance" } });
        await AddAsync("tagged-b", new { tags = new[] { "eu" } });

        (await SlugsAsync("?tag=eu")).ShouldBe(["tagged-a", "tagged-b"]);
        (await SlugsAsync("?tag=finance")).ShouldBe(["tagged-a"]);
        (await SlugsAsync("?tag=nothing")).ShouldBeEmpty();
        (await SlugsAsync("?tag=%00'%3B--")).ShouldBeEmpty();
        (await ServerAsync("tagged-a"))["tags"]!.AsArray().Select(t => (string?)t).ShouldBe(["eu", "finance"]);
    }

    [Theory]
    [InlineData("""["two words"]""")]
    [InlineData("""["-x"]""")]
    [InlineData("""["<b>"]""")]
    [InlineData("""["a\u0000"]""")]
    [InlineData("""["abcdefghijklmnopqrstuvwxyz-0123456789"]""")]
    [InlineData("""["a1","a2","a3","a4","a5","a6","a7","a8","a9","a10","a11","a12","a13","a14","a15","a16","a17","a18","a19","a20","a21"]""")]
    public async Task A_tag_is_a_short_word(string tags) => await RefusedAsync($$"""{"tags":{{tags}}}""", "tags");

    [Fact]
    public async Task Extra_headers_go_with_every_request_and_the_credential_wins()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var id = (await AddAsync("headers", new { headers = new[] { new { name = "X-Tenant", value = "acme" }, new { name = "X-Region", value = "eu 1" } }, credential = new { kind = "apiKey", header = "X-Key", secret = "the-key" } }, upstream.Url))["id"]!;

        (await gateway.PostAsync("headers", Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        foreach (var seen in upstream.Requests.Concat(upstream.Probes))
            (seen.Headers["X-Tenant"], seen.Headers["X-Region"], seen.Headers["X-Key"]).ShouldBe(("acme", "eu 1", "the-key"));

        // A header that is the new credential's must not stand beside it.
        var clash = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { credential = new { kind = "apiKey", header = "x-tenant", secret = "k" } });
        clash.Status.ShouldBe(HttpStatusCode.BadRequest);
        clash.Json["errors"]!["headers"].ShouldNotBeNull();

        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { headers = Array.Empty<object>() })).Status.ShouldBe(HttpStatusCode.OK);
        upstream.Requests.Clear();
        (await gateway.PostAsync("headers", Mcp.Call("get"))).Json["result"].ShouldNotBeNull();
        upstream.Requests.ShouldAllBe(r => !r.Headers.ContainsKey("X-Tenant"));
    }

    [Fact]
    public async Task What_was_changed_below_us_is_not_sent()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await AddAsync("tampered", new { }, upstream.Url);
        await Colleague.ExecuteAsync(gateway, """UPDATE servers SET headers = '[{"Name":"Host","Value":"evil"},{"Name":"Cookie","Value":"a=b"},{"Name":"Authorization","Value":"Bearer x"},{"Name":"X-Bad","Value":"a\u000d\u000aX-Evil: 1"},{"Name":"X-Good","Value":"1"}]' WHERE slug = 'tampered'""");
        await ReloadAsync();

        (await gateway.PostAsync("tampered", Mcp.Call("get"))).Json["result"].ShouldNotBeNull();

        var seen = upstream.Requests.Last(r => r.Text.Contains("tools/call", StringComparison.Ordinal));
        seen.Headers["X-Good"].ShouldBe("1");
        seen.Headers["Host"].ShouldNotBe("evil");
        foreach (var name in new[] { "Cookie", "Authorization", "X-Bad", "X-Evil" }) seen.Headers.Keys.ShouldNotContain(name);
    }

    [Theory]
    [InlineData("Host", "x")]
    [InlineData("Cookie", "a=b")]
    [InlineData("Authorization", "Bearer x")]
    [InlineData("Mcp-Session-Id", "x")]
    [InlineData("Content-Length", "0")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("User-Agent", "x")]
    [InlineData("X Y", "x")]
    [InlineData("", "x")]
    [InlineData("X-A", "")]
    [InlineData("X-A", " a")]
    [InlineData("X-A", "a\\r\\nX-B: c")]
    [InlineData("X-A", "ä")]
    public async Task A_header_that_is_not_an_administrators_is_refused(string name, string value) =>
        await RefusedAsync($$"""{"headers":[{"name":"{{name}}","value":"{{value}}"}]}""", "headers");

    [Fact]
    public async Task A_header_stands_there_once()
    {
        await RefusedAsync("""{"headers":[{"name":"X-A","value":"1"},{"name":"x-a","value":"2"}]}""", "headers");
        await RefusedAsync("""{"headers":[{"name":"x-api-key","value":"1"}],"credential":{"kind":"apiKey","secret":"k"}}""", "headers");
    }

    [Fact]
    public async Task An_owner_is_a_member_and_goes_with_the_membership()
    {
        var colleague = await Colleague.CreateAsync(gateway, Role.Member);
        var id = (await AddAsync("owned", new { owner = colleague.User.Id.ToString() }))["id"]!;
        ((string?)(await ServerAsync("owned"))["owner"]!["name"]).ShouldBe(colleague.User.Name);

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{colleague.User.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await ServerAsync("owned"))["owner"].ShouldBeNull();

        var answer = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { owner = colleague.User.Id.ToString() });
        (answer.Status, answer.Json["errors"]!["owner"] is not null).ShouldBe((HttpStatusCode.BadRequest, true));
        await RefusedAsync("""{"owner":"nobody"}""", "owner");
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { owner = gateway.Owner.User.ToString() })).Status.ShouldBe(HttpStatusCode.OK);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { owner = "" })).Json["owner"].ShouldBeNull();
    }

    [Fact]
    public async Task What_depends_on_a_server_is_told_before_it_is_deleted()
    {
        var id = (string)(await AddAsync("needed", new { }))["id"]!;
        await AddAsync("other", new { });
        (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/dependents")).Body.ShouldBe("""{"gateways":[],"rules":0,"tokens":[],"serviceAccounts":[]}""");

        await gateway.AddGatewayAsync("needs-it", new { server = "needed" }, new { server = "other" });
        await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode = "blocklist", tools = new[] { "a", "b" } });
        await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "only it", endpoints = new[] { "server/needed" } });
        await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "both", endpoints = new[] { "server/needed", "server/other" } });
        await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "neither", endpoints = new[] { "server/other" } });
        var revoked = (await gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = "revoked", endpoints = new[] { "server/needed" } })).Json["id"];
        await gateway.ApiAsync(HttpMethod.Delete, $"/api/tokens/{revoked}");
        (await gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "robot", role = "member", scopes = new[] { "mcp" }, endpoints = new[] { "server/needed" } })).Status.ShouldBe(HttpStatusCode.Created);

        var dependents = (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}/dependents")).Json;

        dependents["gateways"]!.AsArray().Select(g => (string?)g!["slug"]).ShouldBe(["needs-it"]);
        dependents["rules"]!.GetValue<int>().ShouldBe(2);
        dependents["tokens"]!.AsArray().Select(t => ((string?)t!["name"], t["onlyThis"]!.GetValue<bool>())).ShouldBe([("both", false), ("only it", true)]);
        dependents["serviceAccounts"]!.AsArray().Select(a => (string?)a!["name"]).ShouldBe(["robot"]);
    }

    private async Task<JsonNode> AddAsync(string slug, object more, Uri? url = null)
    {
        var body = (JsonObject)System.Text.Json.JsonSerializer.SerializeToNode(more)!;
        body["name"] = slug;
        body["slug"] = slug;
        body["url"] = (url ?? new Uri("https://mcp.example.com/mcp")).ToString();
        var answer = await gateway.ApiAsync(HttpMethod.Post, "/api/servers", body);
        answer.Status.ShouldBe(HttpStatusCode.Created, answer.Body);
        return answer.Json;
    }

    private async Task RefusedAsync(string members, string field)
    {
        var body = members.Insert(1, """ "name":"x","slug":"refused","url":"https://mcp.example.com/mcp", """);
        var answer = await gateway.SendAsync(HttpMethod.Post, "/api/servers", Encoding.UTF8.GetBytes(body), gateway.Token);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest, answer.Body);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    private async Task<JsonNode> ServerAsync(string slug) =>
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray().Single(s => (string?)s!["slug"] == slug)!;

    private async Task<IEnumerable<string?>> SlugsAsync(string query) =>
        [.. (await gateway.ApiAsync(HttpMethod.Get, "/api/servers" + query)).Json["items"]!.AsArray().Select(s => (string?)s!["slug"])];

    /// <summary>Any change has the replica read its configuration.</summary>
    private async Task ReloadAsync() => (await gateway.ApiAsync(HttpMethod.Patch, "/api/organization", new { name = "Reloaded" })).Status.ShouldBe(HttpStatusCode.OK);
}
