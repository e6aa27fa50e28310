using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Bench.Load;
using Mcpx.Bench.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Bench;

/// <summary>A load generator that believes its target measures nothing: these targets lie or stall.</summary>
public sealed class LoadTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData("right", nameof(AnswerVerdict.Ok))]
    [InlineData("id of another call", nameof(AnswerVerdict.WrongId))]
    [InlineData("id as text", nameof(AnswerVerdict.WrongId))]
    [InlineData("nonce of another call", nameof(AnswerVerdict.WrongText))]
    [InlineData("cut text", nameof(AnswerVerdict.WrongText))]
    [InlineData("error result", nameof(AnswerVerdict.JsonRpcError))]
    [InlineData("server error", nameof(AnswerVerdict.HttpError))]
    [InlineData("no JSON", nameof(AnswerVerdict.NotJson))]
    public async Task An_answer_that_is_not_the_answer_to_its_call_is_counted_as_failed(string behaviour, string verdict)
    {
        await using var target = await StartAsync(context => AnswerAsync(context, behaviour));

        var result = await ClosedLoop.RunAsync(TargetOf(target), 2, 10, TestContext.Current.CancellationToken);

        result.Calls.ShouldBe(10);
        result.Failed.ShouldBe(verdict == nameof(AnswerVerdict.Ok) ? 0 : 10);
        result.Problems.ShouldAllBe(problem => problem.StartsWith(verdict, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("whole list", nameof(AnswerVerdict.Ok))]
    [InlineData("one tool less", nameof(AnswerVerdict.WrongList))]
    [InlineData("names elsewhere", nameof(AnswerVerdict.WrongList))]
    public async Task A_list_counts_only_with_every_tool_in_it(string behaviour, string verdict)
    {
        await using var target = await StartAsync(context => AnswerListAsync(context, behaviour));

        var result = await ClosedLoop.RunAsync(TargetOf(target) with { ListedTools = 3 }, 2, 10, TestContext.Current.CancellationToken);

        result.Failed.ShouldBe(verdict == nameof(AnswerVerdict.Ok) ? 0 : 10);
        result.Problems.ShouldAllBe(problem => problem.StartsWith(verdict, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(5, nameof(AnswerVerdict.Ok))]
    [InlineData(4, nameof(AnswerVerdict.WrongEvents))]
    [InlineData(6, nameof(AnswerVerdict.WrongEvents))]
    [InlineData(0, nameof(AnswerVerdict.WrongEvents))]
    public async Task A_stream_counts_only_with_every_event_and_the_answer_as_the_last(int sent, string verdict)
    {
        await using var target = await StartAsync(context => AnswerInEventsAsync(context, sent));

        var result = await ClosedLoop.RunAsync(TargetOf(target) with { Events = 5 }, 2, 10, TestContext.Current.CancellationToken);

        result.Failed.ShouldBe(verdict == nameof(AnswerVerdict.Ok) ? 0 : 10);
        result.Problems.ShouldAllBe(problem => problem.StartsWith(verdict, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(WireEra.Stateless))]
    [InlineData(nameof(WireEra.Session))]
    public void A_request_for_events_is_JSON_and_says_how_many_and_under_which_token(string era)
    {
        LoadTarget target = new(new Uri("http://127.0.0.1:1/mcp"), "token", Enum.Parse<WireEra>(era), AnswerShape.Json, McpWire.SmallestAnswer) { Events = 7 };

        var request = System.Text.Encoding.ASCII.GetString(new CallTemplate(target, "session").Stamp(CallTemplate.FirstId, 1).Span);

        var parameters = JsonNode.Parse(request[request.IndexOf("\r\n\r\n", StringComparison.Ordinal)..])!["params"]!;
        ((int)parameters["arguments"]!["events"]!).ShouldBe(7);
        ((string)parameters["_meta"]!["progressToken"]!).ShouldBe(McpWire.ProgressToken);
    }

    [Fact]
    public async Task An_open_loop_charges_a_stall_to_every_call_that_came_due_meanwhile()
    {
        const int Calls = 100;
        Pacer? pacer = null;
        // One connection, and its first answer comes only when the last call has come due, 99 ms after the first.
        await using var target = await StartAsync(async context =>
        {
            await pacer!.Finished;
            await AnswerAsync(context, "right");
        });

        var result = await OpenLoop.RunAsync(
            TargetOf(target), 1, () => pacer = Pacer.Start(1000, Calls, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);

        result.Failed.ShouldBe(0);
        result.Latency.Count.ShouldBe(Calls);
        // Counted from the moment of sending, all calls but the first would have taken no time at all.
        result.Latency.Percentile(0.5).ShouldBeGreaterThanOrEqualTo((long)(48 * Millisecond).TotalNanoseconds);
        result.Latency.Max.ShouldBeGreaterThanOrEqualTo((long)(99 * Millisecond).TotalNanoseconds);
    }

    [Fact]
    public void The_histogram_keeps_every_percentile_within_one_percent()
    {
        var histogram = new LatencyHistogram();
        for (var value = 1L; value <= 1_000_000; value++) histogram.Record(value * 1000);

        foreach (var share in new[] { 0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1 })
            ((double)histogram.Percentile(share)).ShouldBe(share * 1_000_000_000, tolerance: share * 10_000_000);
        histogram.Max.ShouldBe(1_000_000_000);
        histogram.Count.ShouldBe(1_000_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(long.MaxValue)]
    public void The_histogram_takes_a_single_value_at_every_edge_of_its_buckets(long value)
    {
        var histogram = new LatencyHistogram();

        histogram.Record(value);

        histogram.Percentile(0.5).ShouldBe(value);
    }

    private static LoadTarget TargetOf(WebApplication app) =>
        new(new Uri(app.Urls.Single()), "token", WireEra.Stateless, AnswerShape.Json, McpWire.SmallestAnswer);

    private static async Task<WebApplication> StartAsync(RequestDelegate handler)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(handler);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task AnswerListAsync(HttpContext context, string behaviour)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body))!;
        ((string)request["method"]!).ShouldBe("tools/list");
        var tools = Enumerable.Range(0, behaviour == "one tool less" ? 2 : 3).Select(_ => new JsonObject { ["name"] = "echo" });
        var answer = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = (long)request["id"]!,
            ["result"] = new JsonObject { [behaviour == "names elsewhere" ? "prompts" : "tools"] = new JsonArray([.. tools]) },
        };
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    /// <summary>Progress, and the answer as the last; without any event, the answer alone and as JSON.</summary>
    private static async Task AnswerInEventsAsync(HttpContext context, int events)
    {
        if (events > 0)
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 1; i < events; i++) await context.Response.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n");
            await context.Response.WriteAsync("data: ");
        }
        await AnswerAsync(context, "right");
        if (events > 0) await context.Response.WriteAsync("\n\n");
    }

    private static async Task AnswerAsync(HttpContext context, string behaviour)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body))!;
        var nonce = (string)request["params"]!["arguments"]!["nonce"]!;
        var id = (long)request["id"]!;
        var text = behaviour switch
        {
            "nonce of another call" => new string('0', McpWire.SmallestAnswer),
            "cut text" => nonce,
            _ => nonce + nonce,
        };
        JsonNode answerId = behaviour switch
        {
            "id of another call" => id + 1,
            "id as text" => id.ToString(),
            _ => id,
        };
        var answer = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = answerId,
            ["result"] = new JsonObject
            {
                ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
                ["isError"] = behaviour == "error result",
            },
        };
        if (behaviour == "server error") context.Response.StatusCode = 502;
        await context.Response.WriteAsync(behaviour == "no JSON" ? "<html>" : answer.ToJsonString());
    }
}
