using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Tests.Api;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Streaming;

public sealed class WebhookStreamTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private readonly LogStreamDesk _desk = new(gateway);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_is_at_the_webhook_moments_after_its_answer_signed_and_as_the_api_shows_it()
    {
        await using FakeUpstream upstream = await FakeUpstream.StartAsync();
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        (string slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        HttpAnswer made = await _desk.AddAsync(new { name = "signed", url = webhook.Url, query = $"server={slug}", payloads = true });
        string key = (string)made.Json["signingKey"]!;
        made.Body.ShouldNotContain("secret\"");

        (await gateway.PostAsync(slug, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"note":"grüße"}}}""")).Status.ShouldBe(HttpStatusCode.OK);

        await Eventually.TrueAsync(() => webhook.Ids.Any(), "the call is sent", Cancelled);
        Delivery delivery = webhook.Taken.First();
        delivery.IsSignedWith(key).ShouldBeTrue();
        delivery.IsSignedWith("whsec_" + Convert.ToBase64String(new byte[32])).ShouldBeFalse();
        delivery.Headers["content-type"].ShouldBe("application/x-ndjson");
        delivery.Headers.ContainsKey("authorization").ShouldBeFalse();
        JsonNode line = delivery.Lines.Single();
        ((string)line["request"]!["body"]!).ShouldContain("grüße");
        JsonNode shown = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{line["id"]}")).Json["call"]!;
        foreach (string member in new[] { "id", "endpoint", "tool", "outcome", "status", "traceId" }) line[member]?.ToJsonString().ShouldBe(shown[member]?.ToJsonString(), member);
        JsonNode state = await _desk.StateAsync("signed");
        ((long)state["delivered"]!).ShouldBe(1);
        state["signingKey"].ShouldBeNull();
        state["problem"].ShouldBeNull();
    }

    [Fact]
    public async Task What_a_webhook_refuses_is_sent_again_in_order_and_nothing_is_left_out()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        int asked = 0;
        // Two failures of three: some batches are tried several times.
        webhook.Status = _ => Interlocked.Increment(ref asked) % 3 == 0 ? 200 : 500;
        await _desk.AddAsync(new { name = "stubborn", url = webhook.Url, authorization = "Splunk the-token-of-it", query = "tool=stubborn" });
        List<string> written = [];
        for (int batch = 0; batch < 4; batch++)
        {
            CallRecord[] calls = [.. Enumerable.Range(0, 300).Select(i => LogStreamDesk.NewCall("stubborn", TimeSpan.FromMilliseconds(i)))];
            written.AddRange(await _desk.WriteAsync(calls));
        }

        await Eventually.TrueAsync(() => webhook.Ids.Distinct().Count() == written.Count, "all are sent", Cancelled);
        webhook.Ids.ShouldBe(written, "each once, in the order in which they were recorded");
        webhook.Taken.ShouldAllBe(d => d.Headers["authorization"] == "Splunk the-token-of-it" && !d.Headers.ContainsKey("webhook-signature"));
        webhook.Refused.ShouldNotBeEmpty();
        await Eventually.TrueAsync(async () => (long)(await _desk.StateAsync("stubborn"))["delivered"]! == written.Count, "it is noted", null, Cancelled);
        (await _desk.StateAsync("stubborn"))["problem"].ShouldBeNull();
    }

    [Fact]
    public async Task Why_a_stream_stands_still_is_said_and_what_waits_is_sent_when_it_may()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        webhook.Status = _ => 503;
        await _desk.AddAsync(new { name = "down", url = webhook.Url, query = "tool=down" });
        string id = (await _desk.WriteAsync(LogStreamDesk.NewCall("down"))).Single();
        await Eventually.TrueAsync(async () => (string?)(await _desk.StateAsync("down"))["problem"] == "The webhook answered 503.", "the problem is said", null, Cancelled);
        JsonNode state = await _desk.StateAsync("down");
        ((long)state["waiting"]!).ShouldBeGreaterThan(0);
        ((long)state["delivered"]!).ShouldBe(0);

        webhook.Status = _ => 200;

        await Eventually.TrueAsync(() => webhook.Ids.Any(), "it is sent", Cancelled);
        webhook.Ids.ShouldBe([id]);
        Delivery taken = webhook.Taken.Single();
        webhook.Refused.ShouldAllBe(d => d.Headers["webhook-id"] == taken.Headers["webhook-id"] && d.Body.SequenceEqual(taken.Body), "a batch keeps its id");
        await Eventually.TrueAsync(async () => (await _desk.StateAsync("down"))["problem"] is null, "the problem is gone", null, Cancelled);
    }

    [Fact]
    public async Task A_filter_lets_through_what_it_says_and_a_late_call_is_not_forgotten()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        await _desk.AddAsync(new { name = "failures", url = webhook.Url, query = "?outcome=failed&tool=watched" });
        CallRecord failed = LogStreamDesk.NewCall("watched") with { Outcome = CallOutcome.UpstreamError }, late = LogStreamDesk.NewCall("watched", TimeSpan.FromHours(-30)) with { Outcome = CallOutcome.ToolError };
        await _desk.WriteAsync(LogStreamDesk.NewCall("watched"), failed, LogStreamDesk.NewCall("other") with { Outcome = CallOutcome.UpstreamError });
        await Eventually.TrueAsync(() => webhook.Ids.Any(), "it is sent", Cancelled);

        await _desk.WriteAsync(late);

        await Eventually.TrueAsync(() => webhook.Ids.Count() == 2, "the late one is sent", Cancelled);
        webhook.Ids.ShouldBe([failed.Id.ToString(), late.Id.ToString()]);
        await Eventually.TrueAsync(async () => (long)(await _desk.StateAsync("failures"))["waiting"]! == 0, "what it does not let through is passed over", null, Cancelled);
        ((long)(await _desk.StateAsync("failures"))["delivered"]!).ShouldBe(2);
    }

    [Fact]
    public async Task A_webhook_that_leads_elsewhere_is_not_followed_and_gets_nothing_of_ours_said_back()
    {
        await using FakeWebhook other = await FakeWebhook.StartAsync();
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        webhook.Status = http =>
        {
            http.Response.Headers.Location = other.Url;
            return 307;
        };
        await _desk.AddAsync(new { name = "redirects", url = webhook.Url, query = "tool=redirected" });
        await _desk.AddAsync(new { name = "inside", url = "http://169.254.169.254/latest/meta-data", query = "tool=redirected" });
        await _desk.AddAsync(new { name = "inside-syslog", host = "169.254.169.254", port = 80, tls = false, query = "tool=redirected" });
        await _desk.WriteAsync(LogStreamDesk.NewCall("redirected"));

        await Eventually.TrueAsync(async () => (string?)(await _desk.StateAsync("redirects"))["problem"] == "The webhook redirects (307); enter the address that it redirects to.", "it is not followed", null, Cancelled);
        foreach (string name in new[] { "inside", "inside-syslog" })
        {
            await Eventually.TrueAsync(async () => ((string?)(await _desk.StateAsync(name))["problem"])?.Contains("169.254.169.254", StringComparison.Ordinal) is true, "it is not connected to", null, Cancelled);
            ((string)(await _desk.StateAsync(name))["problem"]!).ShouldContain("EGRESS_ALLOW");
        }

        other.Taken.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_deleted_stream_gets_nothing_more()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        await using FakeWebhook witness = await FakeWebhook.StartAsync();
        string id = (string)(await _desk.AddAsync(new { name = "gone", url = webhook.Url, query = "tool=gone" })).Json["id"]!;
        await _desk.AddAsync(new { name = "witness", url = witness.Url, query = "tool=gone" });
        await _desk.WriteAsync(LogStreamDesk.NewCall("gone"));
        await Eventually.TrueAsync(() => webhook.Ids.Any() && witness.Ids.Any(), "both are sent", Cancelled);

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/log-streams/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        await _desk.WriteAsync(LogStreamDesk.NewCall("gone"));

        await Eventually.TrueAsync(() => witness.Ids.Count() == 2, "the other one is sent", Cancelled);
        webhook.Ids.Count().ShouldBe(1);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Delete, $"/api/log-streams/{id}"), 404);
    }

    [Theory]
    [InlineData("name", "Not A Slug")]
    [InlineData("url", "ftp://logs.example.com")]
    [InlineData("url", "https://user:password@logs.example.com")]
    [InlineData("url", "")]
    [InlineData("authorization", "Bearer a\r\nHost: b")]
    [InlineData("authorization", " ")]
    [InlineData("query", "range=1h")]
    [InlineData("query", "from=2026-01-01")]
    [InlineData("query", "nothing=known")]
    [InlineData("query", "outcome=splendid", "outcome")]
    public Task A_webhook_that_means_nothing_is_refused(string member, string value, string? field = null) =>
        _desk.ShouldBeWrongAsync(new JsonObject { ["name"] = "wrong", ["url"] = member == "url" ? value : "http://127.0.0.1:9", [member] = value }, field ?? member);
}
