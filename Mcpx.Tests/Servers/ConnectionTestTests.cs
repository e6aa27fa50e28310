using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>How far a test of a server gets, and what it says.</summary>
public sealed class ConnectionTestTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Every_step_is_told_in_order_before_anything_is_saved()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        var before = (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray().Count;

        var report = await TestAsync(new { url = upstream.Url, credential = new { kind = "bearer", secret = "a-token" } });

        report["ok"]!.GetValue<bool>().ShouldBeTrue(report.ToJsonString());
        report["steps"]!.AsArray().Select(s => (string?)s!["name"]).ShouldBe(["dns", "address", "tcp", "tls", "http", "authentication", "protocol", "tools"]);
        StatesOf(report).ShouldBe("skipped ok ok skipped ok ok ok ok");
        StepOf(report, "tls").ShouldContain("nothing is encrypted");
        StepOf(report, "authentication").ShouldBe("The server takes the credential. It also answers without one.");
        report["tools"]!.GetValue<int>().ShouldBe(2);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray().Count.ShouldBe(before);
    }

    [Theory]
    [InlineData("http://no-such-host.invalid/mcp", "failed skipped skipped skipped skipped skipped skipped skipped", "dns", "can't be resolved")]
    [InlineData("http://10.11.12.13/mcp", "skipped failed skipped skipped skipped skipped skipped skipped", "address", "Nothing was connected")]
    [InlineData("http://[fd00::1]:8080/mcp", "skipped failed skipped skipped skipped skipped skipped skipped", "address", "does not open")]
    [InlineData("http://127.0.0.1:9/mcp", "skipped ok failed skipped skipped skipped skipped skipped", "tcp", "Nothing takes connections at port 9")]
    public async Task It_stops_where_it_fails(string url, string states, string step, string why)
    {
        var report = await TestAsync(new { url });

        StatesOf(report).ShouldBe(states, report.ToJsonString());
        StepOf(report, step).ShouldContain(why);
    }

    [Fact]
    public async Task Where_no_https_is_spoken_the_encryption_fails()
    {
        await using var upstream = await FakeUpstream.StartAsync();

        var report = await TestAsync(new { url = $"https://127.0.0.1:{upstream.Url.Port}/mcp" });

        StatesOf(report).ShouldBe("skipped ok ok failed skipped skipped skipped skipped");
    }

    [Fact]
    public async Task A_redirect_is_told_and_not_followed()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var elsewhere = await FakeUpstream.StartAsync();
        upstream.Probe = null;
        upstream.Answer = (http, _) =>
        {
            http.Response.StatusCode = 307;
            http.Response.Headers.Location = elsewhere.Url.ToString();
            return Task.CompletedTask;
        };

        var report = await TestAsync(new { url = upstream.Url, credential = new { kind = "bearer", secret = "a-token" } });

        StepOf(report, "http").ShouldContain("redirects");
        elsewhere.Requests.ShouldBeEmpty();
        elsewhere.Probes.ShouldBeEmpty();
        // The credential has not been shown to anybody yet.
        upstream.Requests.ShouldAllBe(r => !r.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task A_server_behind_oauth_says_so_and_names_its_issuer_for_a_person_to_confirm()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        await using var issuer = await FakeAuthorizationServer.StartAsync();
        issuer.Guard(upstream);

        var open = await TestAsync(new { url = upstream.Url });
        StepOf(open, "authentication").ShouldBe("The server wants a credential (401).");
        AdviceOf(open, "authentication").ShouldContain("OAuth client credentials");

        var unnamed = await TestAsync(new { url = upstream.Url, credential = new { kind = "clientCredentials", clientId = FakeAuthorizationServer.ClientId, secret = FakeAuthorizationServer.ClientSecret } });
        ((string?)unnamed["foundIssuer"]).ShouldBe(issuer.Issuer);
        StepOf(unnamed, "authentication").ShouldContain("The secret was not sent there");
        issuer.Requests.ShouldBeEmpty();

        var named = await TestAsync(new { url = upstream.Url, credential = issuer.Credential() });
        named["ok"]!.GetValue<bool>().ShouldBeTrue(named.ToJsonString());
        StepOf(named, "authentication").ShouldBe("A token was got, and the server takes it.");
    }

    [Fact]
    public async Task Steps_are_told_while_they_happen()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        List<(string, StepState)> heard = [];

        await gateway.Services.GetRequiredService<ConnectionTest>().RunAsync(gateway.Owner, new NewServer(null, null, upstream.Url.ToString()), step =>
        {
            lock (heard) heard.Add((step.Name, step.State));
        }, TestContext.Current.CancellationToken);

        heard.Where(h => h.Item2 is StepState.Running).Select(h => h.Item1).ShouldBe(ConnectionStepNames.All);
        heard.Count.ShouldBe(16);
    }

    [Fact]
    public async Task A_member_learns_nothing_by_it()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var member = await Colleague.CreateAsync(gateway, Role.Member);

        var answer = await gateway.ApiAsync(HttpMethod.Post, "/api/servers/test", new { url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/" }, member.Token);

        answer.Status.ShouldBe(HttpStatusCode.Forbidden);
        listener.Pending().ShouldBeFalse();
    }

    [Fact]
    public async Task A_saved_server_remembers_how_its_test_ended_until_its_address_changes()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        var (_, id) = await gateway.AddUpstreamAsync(new Uri("http://127.0.0.1:9/mcp"));
        (await ServerAsync(id))["lastTest"].ShouldBeNull();

        await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test");
        var failed = (await ServerAsync(id))["lastTest"]!;
        ((bool?)failed["ok"], (string?)failed["failure"]).ShouldBe((false, "Nothing takes connections at port 9."));

        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { name = "Other" });
        (await ServerAsync(id))["lastTest"].ShouldNotBeNull();
        await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { url = upstream.Url });
        (await ServerAsync(id))["lastTest"].ShouldBeNull();
        await gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test");
        var passed = (await ServerAsync(id))["lastTest"]!;
        ((bool?)passed["ok"], (string?)passed["failure"]).ShouldBe((true, null));
        (await ServerAsync(id))["health"]!.ToJsonString().ShouldBe("""{"state":"on","circuit":"closed","since":null,"lastFailure":null,"lastFailureAt":null}""");
    }

    [Fact]
    public async Task What_a_server_writes_is_shown_short_and_on_one_line()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Probe = null;
        upstream.Answer = (http, _) =>
        {
            http.Response.StatusCode = 302;
            http.Response.Headers.Location = "https://evil.example/" + new string('a', 5000);
            return Task.CompletedTask;
        };

        StepOf(await TestAsync(new { url = upstream.Url }), "http").Length.ShouldBeLessThan(500);
    }

    private async Task<JsonNode> TestAsync(object draft)
    {
        var answer = await gateway.ApiAsync(HttpMethod.Post, "/api/servers/test", draft);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }

    private async Task<JsonNode> ServerAsync(string id) => (await gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{id}")).Json;

    private static string StatesOf(JsonNode report) => string.Join(' ', report["steps"]!.AsArray().Select(s => (string?)s!["state"]));

    private static string StepOf(JsonNode report, string name) => (string)report["steps"]!.AsArray().Single(s => (string?)s!["name"] == name)!["detail"]!;

    private static string AdviceOf(JsonNode report, string name) => (string)report["steps"]!.AsArray().Single(s => (string?)s!["name"] == name)!["advice"]!;
}
