using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Gateways;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

public sealed class GatewaysApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly Uri Upstream = new("https://mcp.example.com/mcp");

    [Fact]
    public async Task A_gateway_is_made_read_changed_listed_and_deleted()
    {
        var (slug, server) = await gateway.AddUpstreamAsync(Upstream);
        var created = await PostAsync(new { name = " Office ", slug = "crud", description = "d", members = new[] { new { server = slug, prefix = "o_" } } });
        created.Status.ShouldBe(HttpStatusCode.Created, created.Body);
        var path = created.Headers.Location!.ToString();
        created.Json["endpoint"]!.GetValue<string>().ShouldBe($"{gateway.Url.GetLeftPart(UriPartial.Authority)}/mcp/{gateway.Organization}/gateway/crud");
        ((string?)created.Json["name"], (string?)created.Json["failureMode"], (bool?)created.Json["enabled"]).ShouldBe(("Office", "open", true));
        created.Json["members"]!.ToJsonString().ShouldBe($$"""[{"server":"{{server}}","serverSlug":"{{slug}}","prefix":"o_","effectivePrefix":"o_","tools":null,"overrides":[]}]""");

        (await gateway.ApiAsync(HttpMethod.Get, path)).Body.ShouldBe(created.Body);
        var changed = await gateway.ApiAsync(HttpMethod.Patch, path, new { name = "Desk", enabled = false, failureMode = "closed" });
        ((string?)changed.Json["name"], (string?)changed.Json["slug"], (bool?)changed.Json["enabled"], (string?)changed.Json["failureMode"], (string?)changed.Json["description"])
            .ShouldBe(("Desk", "crud", false, "closed", "d"));
        changed.Json["members"]!.ToJsonString().ShouldBe(created.Json["members"]!.ToJsonString());
        (await ListedAsync()).ShouldContain("crud");
        Routed("crud").ShouldNotBeNull().Gateway.FailureMode.ShouldBe(FailureMode.Closed);

        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NotFound);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, path), 404);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Patch, path, new { name = "x" }), 404);
        (await ListedAsync()).ShouldNotContain("crud");
        Routed("crud").ShouldBeNull();
    }

    [Fact]
    public async Task Members_are_replaced_whole_in_the_order_given_and_can_be_sent_back_as_they_came()
    {
        var (first, firstId) = await gateway.AddUpstreamAsync(Upstream);
        var (second, secondId) = await gateway.AddUpstreamAsync(Upstream);
        var made = await RawAsync(HttpMethod.Post, "/api/gateways", $$"""
            {"name":"x","slug":"whole","members":[
              {"server":"{{secondId}}","tools":["get_user","größe 💶"],"overrides":[{"tool":"get_user","name":"user","description":"Who \"it\" is\n💶"},{"tool":"other","description":"d"}]},
              {"server":"{{first}}","prefix":"a.b-c_9","tools":[]}]}
            """);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        made.Json["members"]!.AsArray().Select(m => (string?)m!["serverSlug"]).ShouldBe([second, first]);
        made.Json["members"]![1]!["tools"]!.AsArray().ShouldBeEmpty();

        var again = await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { members = made.Json["members"] });
        again.Status.ShouldBe(HttpStatusCode.OK, again.Body);
        again.Json["members"]!.ToJsonString().ShouldBe(made.Json["members"]!.ToJsonString());

        var fewer = await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { members = new[] { new { server = firstId } } });
        fewer.Json["members"]!.AsArray().Select(m => (string?)m!["serverSlug"]).ShouldBe([first]);
        Routed("whole")!.Members.Select(m => m.Server.Server.Slug).ShouldBe([first]);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/servers/{firstId}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Get, PathOf(made))).Json["members"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"slug":"bad"}""", "name", "required")]
    [InlineData("""{"name":" ","slug":"bad"}""", "name", "required")]
    [InlineData("""{"name":"a\u0000b","slug":"bad"}""", "name", "Control characters")]
    [InlineData("""{"name":"x"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"../bad"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"bad\n"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"bad","description":"\u001b[0m"}""", "description", "Control characters")]
    [InlineData("""{"name":"x","slug":"bad","members":[null]}""", "members[0].server", "no such server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{}]}""", "members[0].server", "no such server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"nobody"}]}""", "members[0].server", "no such server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"0192d3a4-0000-7000-8000-000000000000"}]}""", "members[0].server", "no such server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"\u0000' OR 1=1 --"}]}""", "members[0].server", "no such server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN"},{"serverSlug":"KNOWN"}]}""", "members[1].server", "already")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","serverSlug":"other"}]}""", "members[0].serverSlug", "not the slug")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","prefix":"a b"}]}""", "members[0].prefix", "at most 32")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","prefix":"ä"}]}""", "members[0].prefix", "at most 32")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","prefix":"a\n"}]}""", "members[0].prefix", "at most 32")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","prefix":"123456789012345678901234567890123"}]}""", "members[0].prefix", "at most 32")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","prefix":"a_","effectivePrefix":"b_"}]}""", "members[0].effectivePrefix", "follows from")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","effectivePrefix":"b_"}]}""", "members[0].effectivePrefix", "follows from")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","tools":[null]}]}""", "members[0].tools", "1 to 256")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","tools":[""]}]}""", "members[0].tools", "1 to 256")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","tools":["a\nb"]}]}""", "members[0].tools", "control characters")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","tools":["a","b","a"]}]}""", "members[0].tools", "“a” stands here twice")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[null]}]}""", "members[0].overrides[0].tool", "1 to 256")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"name":"b"}]}]}""", "members[0].overrides[0].tool", "1 to 256")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a"}]}]}""", "members[0].overrides[0].name", "name or a description")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","name":""}]}]}""", "members[0].overrides[0].name", "1 to 128")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","name":"b c"}]}]}""", "members[0].overrides[0].name", "1 to 128")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","name":"ａ"}]}]}""", "members[0].overrides[0].name", "1 to 128")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","description":""}]}]}""", "members[0].overrides[0].description", "1 to 4,000")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","description":"\u0000"}]}]}""", "members[0].overrides[0].description", "Control characters")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","name":"x"},{"tool":"a","name":"y"}]}]}""", "members[0].overrides", "two overrides of “a”")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":"KNOWN","overrides":[{"tool":"a","name":"x"},{"tool":"b","name":"x"}]}]}""", "members[0].overrides", "called “x”")]
    public async Task A_wrong_value_is_named_with_its_mend_and_nothing_is_written(string body, string field, string message)
    {
        var (slug, _) = await gateway.AddUpstreamAsync(Upstream);

        var answer = await RawAsync(HttpMethod.Post, "/api/gateways", body.Replace("KNOWN", slug, StringComparison.Ordinal));

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body)[0]!.GetValue<string>().ShouldContain(message);
        answer.Json["errors"]!.AsObject().Count.ShouldBeLessThanOrEqualTo(2, answer.Body);
        (await ListedAsync()).ShouldNotContain("bad");
    }

    [Fact]
    public async Task Lengths_end_where_they_are_said_to_end()
    {
        var (slug, _) = await gateway.AddUpstreamAsync(Upstream);
        object Member(int prefix, int tool, int tools, int name, int description) => new
        {
            server = slug,
            prefix = new string('p', prefix),
            tools = Enumerable.Range(0, tools).Select(i => $"t{i}".PadRight(tool, 'x')),
            overrides = new[] { new { tool = new string('o', tool), name = new string('n', name), description = new string('d', description) } },
        };

        (await PostAsync(new { name = "x", slug = "long", members = new[] { Member(32, 256, 2000, 96, 4000) } })).Status.ShouldBe(HttpStatusCode.Created);
        (await FieldsAsync(Member(33, 10, 1, 1, 1))).ShouldBe(["members[0].prefix"]);
        (await FieldsAsync(Member(0, 257, 1, 1, 1))).ShouldBe(["members[0].tools", "members[0].overrides[0].tool"]);
        (await FieldsAsync(Member(0, 5, 2001, 1, 1))).ShouldBe(["members[0].tools"]);
        (await FieldsAsync(Member(0, 5, 1, 129, 1))).ShouldBe(["members[0].overrides[0].name"]);
        (await FieldsAsync(Member(32, 5, 1, 97, 1))).ShouldBe(["members[0].overrides[0].name"]);
        (await FieldsAsync(Member(0, 5, 1, 1, 4001))).ShouldBe(["members[0].overrides[0].description"]);
        (await FieldsAsync([.. Enumerable.Repeat<object>(new { server = slug }, 201)])).ShouldBe(["members"]);
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once_but_never_more_than_a_hundred()
    {
        var few = await RawAsync(HttpMethod.Post, "/api/gateways", """
            {"slug":"Bad","members":[{"server":"nobody","prefix":" "},{"prefix":"ok_","tools":["a","a"],"overrides":[{"tool":""}]}]}
            """);
        few.Json["errors"]!.AsObject().Select(e => e.Key).ShouldBe(
        [
            "name", "slug", "members[0].server", "members[0].prefix", "members[1].server", "members[1].tools", "members[1].overrides[0].tool", "members[1].overrides[0].name",
        ], ignoreOrder: true);

        var many = await PostAsync(new { members = new[] { new { overrides = Enumerable.Range(0, 50_000).Select(_ => new { }) } } });
        ServersApiTests.ShouldBeProblem(many, 400);
        many.Json["errors"]!.AsObject().Count.ShouldBeLessThanOrEqualTo(100);
        many.Body.Length.ShouldBeLessThan(50_000);
    }

    [Theory]
    [InlineData("""{"name":"x","slug":"bad","extra":1}""", "extra")]
    [InlineData("""{"name":"x","slug":"bad","slug":"worse"}""", "slug")]
    [InlineData("""{"name":"x","slug":"bad","failureMode":"ajar"}""", "failureMode")]
    [InlineData("""{"name":"x","slug":"bad","failureMode":1}""", "failureMode")]
    [InlineData("""{"name":"x","slug":"bad","members":{}}""", "members")]
    [InlineData("""{"name":"x","slug":"bad","members":["KNOWN"]}""", "members")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"server":5}]}""", "server")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"tools":"a"}]}""", "tools")]
    [InlineData("""{"name":"x","slug":"bad","members":[{"overrides":[{"tool":"a","newName":"b"}]}]}""", "newName")]
    [InlineData("""{"name":"x","slug":"bad","enabled":"no"}""", "enabled")]
    [InlineData("[]", "")]
    [InlineData("null", "")]
    [InlineData("{", "")]
    [InlineData("{\"name\":\"\\ud800\",\"slug\":\"bad\"}", "")]
    public async Task A_body_of_the_wrong_form_is_named_and_nothing_is_written(string body, string named)
    {
        var answer = await RawAsync(HttpMethod.Post, "/api/gateways", body);

        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Body.ShouldContain(named);
        (await ListedAsync()).ShouldNotContain("bad");
    }

    [Fact]
    public async Task A_change_is_refused_where_the_gateway_is_not_the_one_that_was_seen()
    {
        var made = await PostAsync(new { name = "x", slug = "seen" });
        var seen = (string)made.Json["updatedAt"]!;
        (await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { name = "first", ifUpdatedAt = seen })).Status.ShouldBe(HttpStatusCode.OK);

        var second = await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { name = "second", members = Array.Empty<object>(), ifUpdatedAt = seen });

        ServersApiTests.ShouldBeProblem(second, 409);
        second.Json["errors"]!["ifUpdatedAt"].ShouldNotBeNull();
        var now = await gateway.ApiAsync(HttpMethod.Get, PathOf(made));
        ((string?)now.Json["name"]).ShouldBe("first");
        var elsewhere = DateTimeOffset.Parse((string)now.Json["updatedAt"]!).ToOffset(TimeSpan.FromHours(9)).ToString("O");
        (await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { name = "third", ifUpdatedAt = elsewhere })).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var odd in new[] { "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00+14:00" })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Patch, PathOf(made), new { name = "fourth", ifUpdatedAt = odd }), odd.Contains('+') ? 400 : 409);
    }

    [Fact]
    public async Task A_slug_that_is_taken_is_a_conflict()
    {
        await PostAsync(new { name = "first", slug = "taken" });
        var other = await PostAsync(new { name = "second", slug = "free" });

        foreach (var answer in new[] { await PostAsync(new { name = "again", slug = "taken" }), await gateway.ApiAsync(HttpMethod.Patch, PathOf(other), new { slug = "taken", name = "changed" }) })
        {
            ServersApiTests.ShouldBeProblem(answer, 409);
            answer.Json["errors"]!["slug"].ShouldNotBeNull();
        }

        JsonNode.DeepEquals((await gateway.ApiAsync(HttpMethod.Get, PathOf(other))).Json, other.Json).ShouldBeTrue();
    }

    [Fact]
    public async Task Another_organisations_gateways_and_servers_are_not_there()
    {
        var (slug, server) = await gateway.AddUpstreamAsync(Upstream);
        var made = await PostAsync(new { name = "ours", slug = "ours", members = new[] { new { server } } });
        var stranger = await Stranger.CreateAsync(gateway);

        foreach (var (method, body) in new (HttpMethod, object?)[] { (HttpMethod.Get, null), (HttpMethod.Patch, new { name = "theirs" }), (HttpMethod.Delete, null) })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(method, PathOf(made), body, stranger.Token), 404);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways", null, stranger.Token)).Json["items"]!.AsArray().ShouldBeEmpty();

        var unknown = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "theirs", members = new[] { new { server = Guid.Empty.ToString() } } }, stranger.Token);
        foreach (var name in new[] { server, slug })
        {
            var stolen = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "theirs", members = new[] { new { server = name } } }, stranger.Token);
            ServersApiTests.ShouldBeProblem(stolen, 400);
            stolen.Json["errors"]!.ToJsonString().ShouldBe(unknown.Json["errors"]!.ToJsonString());
        }

        JsonNode.DeepEquals((await gateway.ApiAsync(HttpMethod.Get, PathOf(made))).Json, made.Json).ShouldBeTrue();
        // The same slug in another organisation is another gateway.
        var theirs = await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "x", slug = "ours" }, stranger.Token);
        theirs.Status.ShouldBe(HttpStatusCode.Created, theirs.Body);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, PathOf(theirs)), 404);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        for (var i = 0; i < 5; i++) await PostAsync(new { name = "p", slug = $"page-{i}" });

        var seen = new List<string>();
        string? after = "page-";
        do
        {
            var page = (await gateway.ApiAsync(HttpMethod.Get, $"/api/gateways?size=2&after={after}")).Json;
            seen.AddRange(page["items"]!.AsArray().Select(s => s!["slug"]!.GetValue<string>()));
            page["items"]!.AsArray().Count.ShouldBeLessThanOrEqualTo(2);
            after = (string?)page["next"];
        }
        while (after is not null);

        seen.Where(s => s.StartsWith("page-", StringComparison.Ordinal)).ShouldBe(["page-0", "page-1", "page-2", "page-3", "page-4"]);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways?after=%00%EF%BF%BF&size=1")).Status.ShouldBe(HttpStatusCode.OK);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/gateways?size=many"), 400);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/gateways/no-id"), 404);
    }

    private static string PathOf(HttpAnswer made) => $"/api/gateways/{made.Json["id"]}";

    private GatewayRoute? Routed(string slug) =>
        gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Gateways.Find(gateway.Organization)!.FindGateway(slug);

    private Task<HttpAnswer> PostAsync(object body) => gateway.ApiAsync(HttpMethod.Post, "/api/gateways", body);

    private Task<HttpAnswer> RawAsync(HttpMethod method, string path, string body) => gateway.SendAsync(method, path, Encoding.UTF8.GetBytes(body), gateway.Token);

    private async Task<string[]> FieldsAsync(params object[] members)
    {
        var answer = await PostAsync(new { name = "x", slug = "bad", members });
        ServersApiTests.ShouldBeProblem(answer, 400);
        return [.. answer.Json["errors"]!.AsObject().Select(e => e.Key)];
    }

    private async Task<List<string>> ListedAsync() =>
        [.. (await gateway.ApiAsync(HttpMethod.Get, "/api/gateways")).Json["items"]!.AsArray().Select(s => s!["slug"]!.GetValue<string>())];
}
