using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Identity;
using Mcpx.Tests.Calls.Export;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

public sealed class CallSearchApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Calls_are_found_counted_and_exported_as_far_as_one_may_see_them()
    {
        await using FakeUpstream upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("pay");
        await gateway.AddServerAsync("searched", upstream.Url);
        Colleague member = await Colleague.CreateAsync(gateway, Role.Member);
        await gateway.PostAsync("searched", Mcp.Call("pay", """{"note":"mirabelle","formula":"=1+1"}"""));
        await gateway.PostAsync("searched", Mcp.Call("=pay", """{"note":"quince"}"""), member.Token);

        (await IdsAsync("server=searched")).Count.ShouldBe(2);
        (await IdsAsync("server=searched&text=mirabelle")).Count.ShouldBe(1);
        (await IdsAsync("server=searched&text=mira*&minMs=0&maxMs=86400000")).Count.ShouldBe(1);
        (await IdsAsync($"server=searched&user={member.User.Id}")).Count.ShouldBe(1);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls/count?server=searched")).Json.ToJsonString().ShouldBe("""{"count":2,"more":false}""");
        // What others' calls carried is no member's to find out, word by word.
        (await IdsAsync("server=searched&text=mirabelle", member.Token)).ShouldBeEmpty();
        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls/count?server=searched&text=mirabelle", token: member.Token)).Json["count"]!.GetValue<int>().ShouldBe(0);
        (await IdsAsync("server=searched&text=quince", member.Token)).Count.ShouldBe(1);

        JsonNode[] all = await LinesAsync("server=searched&payloads=true");
        JsonNode[] theirs = await LinesAsync("server=searched&payloads=true", member.Token);
        all.Select(c => (string?)c["tool"]).ShouldBe(["=pay", "pay"]);
        all.ShouldAllBe(c => c["request"] != null && c["response"] != null);
        theirs.Select(c => c["request"] is not null).ShouldBe([true, false]);
        theirs[1]["requestDigest"].ShouldBeNull();
        (await LinesAsync("server=searched"))[0]["request"].ShouldBeNull();
        (await LinesAsync("server=searched&text=mirabelle", member.Token)).ShouldBeEmpty();

        HttpAnswer csv = await gateway.ApiAsync(HttpMethod.Get, "/api/calls/export?format=csv&server=searched");
        csv.ContentType.ShouldBe("text/csv");
        List<List<string>> lines = Csv.Parse(csv.Body);
        lines.Count.ShouldBe(3);
        lines[1][lines[0].IndexOf("tool")].ShouldBe("'=pay");
        lines[0].ShouldNotContain("request");
    }

    [Theory]
    [InlineData("format=xml", "format")]
    [InlineData("", "format")]
    [InlineData("format=csv&minMs=quick", "minMs")]
    [InlineData("format=csv&text=%3F", "text")]
    [InlineData("format=csv&range=soon", "range")]
    [InlineData("format=csv&user=ann", "user")]
    [InlineData("format=jsonl&cursor=zzz", "cursor")]
    public async Task An_export_that_can_not_be_understood_is_a_problem_and_no_file(string query, string field)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/export?{query}");
        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    [Fact]
    public async Task An_export_ends_when_nobody_reads_it_any_more()
    {
        Pipe pipe = new();
        await pipe.Reader.CompleteAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gateway.Services.GetRequiredService<CallExport>().WriteAsync(
            gateway.Owner, new CallExportOrder(new CallFilter(), "", ExportFormat.Csv, Payloads: false), pipe.Writer, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_saved_filter_is_everybodys_and_goes_by_its_maker_or_an_Admin()
    {
        Colleague ann = await Colleague.CreateAsync(gateway, Role.Member), bob = await Colleague.CreateAsync(gateway, Role.Member);
        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/calls/filters", new { name = "Slow", query = "?minMs=1000&cursor=abc&nonsense=1" }, ann.Token);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        string path = $"/api/calls/filters/{made.Json["id"]}";
        ((string?)made.Json["query"]).ShouldBe("minMs=1000");

        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls/filters", token: bob.Token)).Json["items"]!.AsArray().Select(f => (string?)f!["name"]).ShouldContain("Slow");
        (await gateway.ApiAsync(HttpMethod.Post, "/api/calls/filters", new { name = "Slow", query = "minMs=1" }, bob.Token)).Status.ShouldBe(HttpStatusCode.Conflict);
        foreach (string wrong in new[] { "", "minMs=x", "range=soon", "text=%21", new string('x', 3000) })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Post, "/api/calls/filters", new { name = "Other", query = wrong }), 400);
        (await gateway.ApiAsync(HttpMethod.Delete, path, token: bob.Token)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await gateway.ApiAsync(HttpMethod.Delete, path, token: ann.Token)).Status.ShouldBe(HttpStatusCode.NoContent);
        HttpAnswer second = await gateway.ApiAsync(HttpMethod.Post, "/api/calls/filters", new { name = "Slow", query = "minMs=1000" }, bob.Token);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/calls/filters/{second.Json["id"]}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task An_export_of_many_calls_holds_few_of_them()
    {
        int rows = Property.Times(normally: 3000, nightly: 1_000_000);
        Guid organization = (Guid)(await Colleague.QueryAsync(gateway, "SELECT id FROM organizations LIMIT 1"))!;
        await Colleague.ExecuteAsync(gateway, $"""
            INSERT INTO calls (time, id, org_id, endpoint, era, method, tool, outcome, status, total_us, upstream_us, request_bytes, response_bytes)
            SELECT now() - g * interval '10 ms', gen_random_uuid(), $1, '/mcp/acme/server/many', 0, 'tools/call', 'exported-' || g % 10, 0, 200, g % 5000, 0, 100, 100 FROM generate_series(1, {rows}) g
            """, organization);
        long most = 0, before = GC.GetTotalMemory(forceFullCollection: true);
        HashSet<string> seen = [];
        int count = 0;
        using HttpMessageInvoker client = new(new SocketsHttpHandler());
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(gateway.Url, "/api/calls/export?format=jsonl&method=tools%2Fcall"));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {gateway.Token}");
        long began = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (!line.Contains("\"tool\":\"exported-", StringComparison.Ordinal)) continue;
            count++;
            if (rows < 10_000) seen.Add(line);
            if (count % 10_000 == 0) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count:N0} rows in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s, at most {most / 1048576.0:0.0} MiB more in memory"));
        count.ShouldBe(rows);
        if (rows < 10_000) seen.Count.ShouldBe(rows);
        most.ShouldBeLessThan(64 << 20);
    }

    private async Task<IReadOnlyList<string>> IdsAsync(string query, string? token = null)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/calls?{query}", token: token);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return [.. answer.Json["items"]!.AsArray().Select(c => (string)c!["id"]!)];
    }

    private async Task<JsonNode[]> LinesAsync(string query, string? token = null)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/export?format=jsonl&{query}", token: token);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return [.. answer.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
    }
}
