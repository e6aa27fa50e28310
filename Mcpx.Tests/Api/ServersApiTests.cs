using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

public sealed class ServersApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Secret = "sk-very-secret-value-0123456789";

    [Fact]
    public async Task A_server_is_made_read_changed_listed_and_deleted()
    {
        var created = await PostAsync(new { name = "Finance", slug = "crud", url = "https://mcp.example.com/mcp", description = "d", timeoutSeconds = 5 });
        created.Status.ShouldBe(HttpStatusCode.Created, created.Body);
        var path = created.Headers.Location!.ToString();
        created.Json["endpoint"]!.GetValue<string>().ShouldBe($"{gateway.Url.GetLeftPart(UriPartial.Authority)}/mcp/{gateway.Organization}/server/crud");
        created.Json["enabled"]!.GetValue<bool>().ShouldBeTrue();

        (await gateway.ApiAsync(HttpMethod.Get, path)).Body.ShouldBe(created.Body);
        var changed = await gateway.ApiAsync(HttpMethod.Patch, path, new { name = "Money", enabled = false });
        ((string?)changed.Json["name"], (string?)changed.Json["slug"], (bool?)changed.Json["enabled"], (int?)changed.Json["timeoutSeconds"], (string?)changed.Json["description"])
            .ShouldBe(("Money", "crud", false, 5, "d"));
        (await ListedAsync()).ShouldContain("crud");
        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NotFound);
        ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, path), 404);
        (await ListedAsync()).ShouldNotContain("crud");
    }

    [Fact]
    public async Task A_server_may_be_made_switched_off()
    {
        var created = await PostAsync(new { name = "x", slug = "off", url = "https://mcp.example.com/mcp", enabled = false });

        created.Json["enabled"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"name":"x","slug":"bad","url":"ftp://example.com/mcp"}""", "url", "http:// or https://")]
    [InlineData("""{"name":"x","slug":"bad","url":"file:///etc/passwd"}""", "url", "http:// or https://")]
    [InlineData("""{"name":"x","slug":"bad","url":"/mcp"}""", "url", "http")]
    [InlineData("""{"name":"x","slug":"bad","url":"javascript:alert(1)"}""", "url", "http:// or https://")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://user:pass@example.com/"}""", "url", "user and password")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com/#f"}""", "url", "#")]
    [InlineData("""{"name":"x","slug":"bad"}""", "url", "required")]
    [InlineData("""{"slug":"bad","url":"https://example.com"}""", "name", "required")]
    [InlineData("""{"name":" ","slug":"bad","url":"https://example.com"}""", "name", "required")]
    [InlineData("""{"name":"a\u0000b","slug":"bad","url":"https://example.com"}""", "name", "Control characters")]
    [InlineData("""{"name":"x","slug":"Bad","url":"https://example.com"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"-bad","url":"https://example.com"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"bad\n","url":"https://example.com"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"../bad","url":"https://example.com"}""", "slug", "lower-case")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","timeoutSeconds":0}""", "timeoutSeconds", "1 to 600")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","timeoutSeconds":601}""", "timeoutSeconds", "1 to 600")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"apiKey","header":"Host","secret":"s"}}""", "credential.header", "Host")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"apiKey","header":"Content-Length","secret":"s"}}""", "credential.header", "Content-Length")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"apiKey","header":"X\r\nHost","secret":"s"}}""", "credential.header", "not an HTTP header name")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"bearer","secret":"a\r\nHost: b"}}""", "credential.secret", "no line breaks")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"bearer"}}""", "credential.secret", "required")]
    public async Task A_wrong_value_is_named_with_its_mend_and_nothing_is_written(string body, string field, string message)
    {
        var answer = await RawAsync(HttpMethod.Post, "/api/servers", body);

        ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field]![0]!.GetValue<string>().ShouldContain(message);
        (await ListedAsync()).ShouldNotContain("bad");
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once()
    {
        var answer = await RawAsync(HttpMethod.Post, "/api/servers", """{"slug":"Bad","url":"ftp://x","timeoutSeconds":-1,"credential":{"kind":"apiKey","header":"Host"}}""");

        answer.Json["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["name", "slug", "url", "timeoutSeconds", "credential.header", "credential.secret"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","extra":1}""", "extra")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","slug":"worse"}""", "slug")]
    [InlineData("""{"name":5,"slug":"bad","url":"https://example.com"}""", "name")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","timeoutSeconds":"5"}""", "timeoutSeconds")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","timeoutSeconds":99999999999}""", "timeoutSeconds")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":"magic","secret":"s"}}""", "kind")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"kind":1,"secret":"s"}}""", "kind")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":{"secret":"s"}}""", "kind")]
    [InlineData("""{"name":"x","slug":"bad","url":"https://example.com","credential":"s"}""", "credential")]
    [InlineData("[]", "")]
    [InlineData("null", "")]
    [InlineData("{", "")]
    [InlineData("", "")]
    [InlineData("{\"name\":\"\\ud800\",\"slug\":\"bad\",\"url\":\"https://example.com\"}", "")]
    public async Task A_body_of_the_wrong_form_is_named_and_nothing_is_written(string body, string named)
    {
        var answer = await RawAsync(HttpMethod.Post, "/api/servers", body);

        ShouldBeProblem(answer, 400);
        answer.Body.ShouldContain(named);
        (await ListedAsync()).ShouldNotContain("bad");
    }

    [Fact]
    public async Task A_slug_that_is_taken_is_a_conflict_and_nothing_is_half_written()
    {
        await PostAsync(new { name = "first", slug = "taken", url = "https://one.example.com/" });
        var other = (await PostAsync(new { name = "second", slug = "free", url = "https://two.example.com/", credential = new { kind = "bearer", secret = Secret } })).Json;

        var again = await PostAsync(new { name = "again", slug = "taken", url = "https://three.example.com/", credential = new { kind = "bearer", secret = Secret } });
        var renamed = await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{other["id"]}", new { slug = "taken", name = "changed", credential = new { kind = "none" } });

        foreach (var answer in new[] { again, renamed })
        {
            ShouldBeProblem(answer, 409);
            answer.Json["errors"]!["slug"].ShouldNotBeNull();
        }

        JsonNode.DeepEquals((await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{other["id"]}")).Json, other).ShouldBeTrue();
        (await ListedAsync()).Count(s => s == "taken").ShouldBe(1);
    }

    [Fact]
    public async Task A_credential_goes_in_and_never_comes_back()
    {
        var made = await PostAsync(new { name = "s", slug = "secret", url = "https://mcp.example.com/mcp", credential = new { kind = "apiKey", header = "X-Key", secret = Secret } });
        var path = $"/api/servers/{made.Json["id"]}";
        List<HttpAnswer> answers =
        [
            made,
            await gateway.ApiAsync(HttpMethod.Get, path),
            await gateway.ApiAsync(HttpMethod.Get, "/api/servers"),
            await gateway.ApiAsync(HttpMethod.Patch, path, new { description = "d" }),
            await gateway.ApiAsync(HttpMethod.Patch, path, new { url = "https://elsewhere.example.com/mcp" }),
            await gateway.ApiAsync(HttpMethod.Patch, path, new { credential = new { kind = "bearer", secret = Secret, header = "Host" }, slug = "BAD" }),
            await RawAsync(HttpMethod.Patch, path, $$$"""{"credential":{"kind":"apiKey","secret":["{{{Secret}}}"]}}"""),
            await RawAsync(HttpMethod.Patch, path, $$$"""{"credential":{"kind":"{{{Secret}}}"}}"""),
            await RawAsync(HttpMethod.Patch, path, $$"""{"{{Secret}}":1}"""),
            await gateway.ApiAsync(HttpMethod.Get, $"{path}/governance"),
        ];

        // The body that misspells a member's name with the secret is told its own words.
        foreach (var answer in answers.Where((_, i) => i != 8)) answer.Body.ShouldNotContain(Secret);
        ((bool?)made.Json["hasCredential"], (string?)made.Json["credentialKind"], (string?)made.Json["credentialHeader"], (string?)made.Json["credentialHint"]).ShouldBe((true, "apiKey", "X-Key", "••••6789"));
        var removed = await gateway.ApiAsync(HttpMethod.Patch, path, new { credential = new { kind = "none" } });
        ((bool?)removed.Json["hasCredential"], (string?)removed.Json["credentialHint"]).ShouldBe((false, null));
    }

    [Fact]
    public async Task A_credential_does_not_travel_to_another_host()
    {
        var made = (await PostAsync(new { name = "s", slug = "theft", url = "https://mcp.example.com/mcp", credential = new { kind = "bearer", secret = Secret } })).Json;
        var path = $"/api/servers/{made["id"]}";

        var stolen = await gateway.ApiAsync(HttpMethod.Patch, path, new { url = "https://evil.example.com/mcp" });
        var samePlace = await gateway.ApiAsync(HttpMethod.Patch, path, new { url = "https://mcp.example.com/other" });

        ShouldBeProblem(stolen, 400);
        stolen.Json["errors"]!["credential"].ShouldNotBeNull();
        samePlace.Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        for (var i = 0; i < 5; i++) await PostAsync(new { name = "p", slug = $"page-{i}", url = "https://mcp.example.com/" });

        var seen = new List<string>();
        string? after = "page-";
        do
        {
            var page = (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers?size=2&after={after}")).Json;
            seen.AddRange(page["items"]!.AsArray().Select(s => s!["slug"]!.GetValue<string>()));
            page["items"]!.AsArray().Count.ShouldBeLessThanOrEqualTo(2);
            after = (string?)page["next"];
        }
        while (after is not null);

        seen.Where(s => s.StartsWith("page-", StringComparison.Ordinal)).ShouldBe(["page-0", "page-1", "page-2", "page-3", "page-4"]);
        seen.Distinct().Count().ShouldBe(seen.Count);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers?after=%00%EF%BF%BF&size=1")).Status.ShouldBe(HttpStatusCode.OK);
        ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/servers?size=many"), 400);
    }

    internal static void ShouldBeProblem(HttpAnswer answer, int status)
    {
        ((int)answer.Status).ShouldBe(status, answer.Body);
        answer.ContentType.ShouldBe("application/problem+json");
        answer.Json["status"]!.GetValue<int>().ShouldBe(status);
        answer.Json["title"]!.GetValue<string>().ShouldNotBeNullOrEmpty();
        answer.Body.ShouldNotContain("   at ");
    }

    private Task<HttpAnswer> PostAsync(object body) => gateway.ApiAsync(HttpMethod.Post, "/api/servers", body);

    private Task<HttpAnswer> RawAsync(HttpMethod method, string path, string body) => gateway.SendAsync(method, path, Encoding.UTF8.GetBytes(body), gateway.Token);

    private async Task<List<string>> ListedAsync() =>
        [.. (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray().Select(s => s!["slug"]!.GetValue<string>())];
}
