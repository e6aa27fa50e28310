using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Tests.Api;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Streaming;

public sealed class WebhookStreamTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private readonly LogStreamDesk _desk = new(gateway);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _desk.ClearAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

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
    public async Task A_paused_stream_sends_nothing_and_then_what_has_waited()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        HttpAnswer made = await _desk.AddAsync(new { name = "pausing", url = webhook.Url, query = "tool=pausing" });
        string way = $"/api/log-streams/{made.Json["id"]}";
        (await gateway.ApiAsync(HttpMethod.Post, $"{way}/pause")).Status.ShouldBe(HttpStatusCode.NoContent);
        JsonNode? since = (await _desk.StateAsync("pausing"))["pausedAt"];
        since.ShouldNotBeNull();
        (await gateway.ApiAsync(HttpMethod.Post, $"{way}/pause")).Status.ShouldBe(HttpStatusCode.NoContent, "twice is once");
        (await _desk.StateAsync("pausing"))["pausedAt"]!.ToJsonString().ShouldBe(since.ToJsonString());
        // Another one that goes on shows that the job has looked.
        await _desk.AddAsync(new { name = "going", url = webhook.Url, query = "tool=going" });
        string waiting = (await _desk.WriteAsync(LogStreamDesk.NewCall("pausing"), LogStreamDesk.NewCall("going")))[0];
        await Eventually.TrueAsync(() => webhook.Ids.Count() == 1, "the other one is sent", Cancelled);
        webhook.Ids.ShouldNotContain(waiting);
        ((long)(await _desk.StateAsync("pausing"))["waiting"]!).ShouldBeGreaterThan(0);

        (await gateway.ApiAsync(HttpMethod.Post, $"{way}/resume")).Status.ShouldBe(HttpStatusCode.NoContent);

        await Eventually.TrueAsync(() => webhook.Ids.Contains(waiting), "what waited is sent", Cancelled);
        (await _desk.StateAsync("pausing"))["pausedAt"].ShouldBeNull();
    }

    [Fact]
    public async Task A_test_message_goes_the_way_of_calls_and_it_is_said_how_that_went()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        await using FakeSyslog syslog = new();
        HttpAnswer made = await _desk.AddAsync(new { name = "tried", url = webhook.Url, query = "tool=none" });
        HttpAnswer inside = await _desk.AddAsync(new { name = "inside-too", url = "http://169.254.169.254/latest", query = "tool=none" });
        HttpAnswer logged = await _desk.AddAsync(new { name = "tried-syslog", host = "127.0.0.1", port = syslog.Port, tls = false, query = "tool=none" });

        (await TestAsync(made)).ShouldBe((true, "The webhook took the test message."));
        Delivery delivery = webhook.Taken.Single();
        delivery.IsSignedWith((string)made.Json["signingKey"]!).ShouldBeTrue();
        ((string)delivery.Lines.Single()["kind"]!).ShouldBe("test");
        ((string)delivery.Lines.Single()["stream"]!).ShouldBe("tried");
        (await TestAsync(logged)).Taken.ShouldBeTrue();
        syslog.Messages.Single().ShouldContain(" mcpx - test - {\"kind\":\"test\"");

        webhook.Status = _ => 401;
        (await TestAsync(made)).ShouldBe((false, "The webhook answered 401."));
        (bool taken, string text) = await TestAsync(inside);
        taken.ShouldBeFalse();
        text.ShouldContain("EGRESS_ALLOW");
        // A test says nothing of the stream itself.
        ((long)(await _desk.StateAsync("tried"))["delivered"]!).ShouldBe(0);
        (await _desk.StateAsync("tried"))["problem"].ShouldBeNull();

        async Task<(bool Taken, string Text)> TestAsync(HttpAnswer stream)
        {
            HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, $"/api/log-streams/{stream.Json["id"]}/test");
            answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
            return ((bool)answer.Json["taken"]!, (string)answer.Json["text"]!);
        }
    }

    [Fact]
    public async Task Entries_of_the_audit_log_go_along_where_asked_for_as_the_api_shows_them()
    {
        await using FakeWebhook webhook = await FakeWebhook.StartAsync();
        await using FakeSyslog syslog = new();
        await _desk.AddAsync(new { name = "changes", url = webhook.Url, query = "tool=changes", entries = true });
        await _desk.AddAsync(new { name = "changes-syslog", host = "127.0.0.1", port = syslog.Port, tls = false, query = "tool=changes", entries = true });
        await _desk.AddAsync(new { name = "only-calls", url = webhook.Url, authorization = "Only calls", query = "tool=changes" });

        string before = (await _desk.WriteAsync(LogStreamDesk.NewCall("changes"))).Single();
        string limit = (string)(await gateway.ApiAsync(HttpMethod.Post, "/api/limits", new { tool = "line\nbreak", perMinute = 5 })).Json["id"]!;
        string after = (await _desk.WriteAsync(LogStreamDesk.NewCall("changes"))).Single();

        IEnumerable<JsonNode> Lines() => webhook.Taken.Where(d => !d.Headers.ContainsKey("authorization")).SelectMany(d => d.Lines);
        await Eventually.TrueAsync(() => Lines().Any(l => (string)l["id"]! == after), "all are sent", Cancelled);
        JsonNode shown = (await gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?subject={limit}")).Json["items"]!.AsArray().Single()!;
        JsonNode[] lines = [.. Lines()];
        int[] places = [.. ((string[])[before, (string)shown["id"]!, after]).Select(id => Array.FindIndex(lines, l => (string)l["id"]! == id))];
        places.ShouldBeInOrder();
        places.ShouldAllBe(place => place >= 0);
        JsonObject entry = lines[places[1]].AsObject();
        ((string)entry["kind"]!).ShouldBe("entry");
        ((string)lines[places[0]]["kind"]!).ShouldBe("call");
        entry.Remove("kind");
        foreach ((string member, JsonNode? value) in shown.AsObject().Where(m => m.Key != "time")) JsonNode.DeepEquals(entry[member], value).ShouldBeTrue($"{member}: {entry[member]}");
        entry.Select(m => m.Key).ShouldBe(shown.AsObject().Select(m => m.Key), ignoreOrder: true);
        entry["time"]!.GetValue<DateTimeOffset>().ShouldBe(shown["time"]!.GetValue<DateTimeOffset>());
        await Eventually.TrueAsync(() => syslog.Messages.Any(m => m.Contains(limit, StringComparison.Ordinal)), "the entry is there", Cancelled);
        syslog.Messages.Single(m => m.Contains(limit, StringComparison.Ordinal)).ShouldStartWith("<109>1 ");
        webhook.Taken.Where(d => d.Headers.ContainsKey("authorization")).SelectMany(d => d.Lines).ShouldAllBe(l => (string)l["kind"]! == "call");
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
