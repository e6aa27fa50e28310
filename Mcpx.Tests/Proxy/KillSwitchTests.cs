using System.Net;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Mcpx.Tests.Proxy.Gateways;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>A server that is switched off or deleted on one replica, and what is under way with it on two.</summary>
public sealed class KillSwitchTests(PostgresFixture postgres, GatewayFixture first) : IClassFixture<GatewayFixture>, IAsyncLifetime
{
    private GatewayFixture _second = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private GatewayFixture[] Both => [first, _second];

    public async ValueTask InitializeAsync()
    {
        _second = new GatewayFixture(postgres);
        await _second.StartAsync(first.ConnectionString);
    }

    public ValueTask DisposeAsync() => _second.DisposeAsync();

    [Theory]
    [InlineData("both", true)]
    [InlineData("both", false)]
    [InlineData("stateless", true)]
    [InlineData("session", false)]
    public async Task Calls_under_way_end_and_new_ones_are_refused(string eras, bool isSession)
    {
        await using var member = await Member.StartAsync(first, eras, "slow");
        var hangUps = Hang(member);
        await KnownAsync(member.Slug);
        var calls = Both.Select(g => CallAsync(g, $"/mcp/{g.Organization}/server/{member.Slug}", isSession)).ToList();
        await ArrivedAsync(member, 2);

        await SwitchAsync(member, on: false);

        foreach (var answer in await Task.WhenAll(calls)) ReasonOf(answer).ShouldBe("server_disabled");
        await Eventually.TrueAsync(() => hangUps() == 2, "the server is left alone", Cancelled);
        foreach (var gateway in Both) ReasonOf(await CallAsync(gateway, $"/mcp/{gateway.Organization}/server/{member.Slug}", isSession: false)).ShouldBe("server_disabled");
        member.Calls.Count().ShouldBe(2);

        member.Before = _ => null;
        await SwitchAsync(member, on: true);
        foreach (var gateway in Both)
            await Eventually.TrueAsync(async () => (await CallAsync(gateway, $"/mcp/{gateway.Organization}/server/{member.Slug}", isSession: false)).Body.Contains("\"result\"", StringComparison.Ordinal), "it serves again", null, Cancelled);
        // One is the other replica's, which writes its records in its own time.
        await Eventually.TrueAsync(async () => (await first.CallsOfAsync(member.Slug)).Count(c => (string?)c["outcome"] == "denied" && ((string?)c["reason"])!.Contains("during the call", StringComparison.Ordinal)) == 2, "both are on record", null, Cancelled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task So_do_those_through_a_virtual_gateway(bool isSession)
    {
        await using var member = await Member.StartAsync(first, "both", "slow");
        await using var other = await Member.StartAsync(first, "both", "quick");
        var hangUps = Hang(member);
        var slug = $"kill-{(isSession ? "session" : "stateless")}";
        await first.AddGatewayAsync(slug, new { server = member.Slug }, new { server = other.Slug });
        foreach (var gateway in Both)
            await Eventually.TrueAsync(async () => (await new StatelessClient(gateway, $"/mcp/{gateway.Organization}/gateway/{slug}").SendAsync(StatelessClient.Message("tools/list"))).Body.Contains("slow", StringComparison.Ordinal), "both list it", null, Cancelled);
        var calls = Both.Select(g => CallAsync(g, $"/mcp/{g.Organization}/gateway/{slug}", isSession)).ToList();
        await ArrivedAsync(member, 2);

        await SwitchAsync(member, on: false);

        foreach (var answer in await Task.WhenAll(calls)) ReasonOf(answer).ShouldBe("server_disabled");
        await Eventually.TrueAsync(() => hangUps() == 2, "the server is left alone", Cancelled);
        // Its neighbour goes on.
        foreach (var gateway in Both) (await CallAsync(gateway, $"/mcp/{gateway.Organization}/gateway/{slug}", isSession: false, "quick")).Json["result"].ShouldNotBeNull();
    }

    [Fact]
    public async Task A_deleted_server_ends_them_too()
    {
        await using var member = await Member.StartAsync(first, "both", "slow");
        var hangUps = Hang(member);
        await KnownAsync(member.Slug);
        var calls = Both.Select(g => CallAsync(g, $"/mcp/{g.Organization}/server/{member.Slug}", isSession: true)).ToList();
        await ArrivedAsync(member, 2);

        (await first.ApiAsync(HttpMethod.Delete, $"/api/servers/{member.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);

        foreach (var answer in await Task.WhenAll(calls)) ReasonOf(answer).ShouldBe("server_disabled");
        await Eventually.TrueAsync(() => hangUps() == 2, "the server is left alone", Cancelled);
        foreach (var gateway in Both) (await CallAsync(gateway, $"/mcp/{gateway.Organization}/server/{member.Slug}", isSession: false)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Streams_that_stand_open_end()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var opened = 0;
        var ended = 0;
        upstream.Answer = async (http, request) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = "upstream-session";
            if (request.Method != "GET")
            {
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{}}""");
                return;
            }

            await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
            Interlocked.Increment(ref opened);
            await FakeUpstream.HangAsync(http, request);
            Interlocked.Increment(ref ended);
        };
        var (slug, id) = await first.AddUpstreamAsync(upstream.Url);
        await KnownAsync(slug);
        List<MessageStream> streams = [];
        foreach (var gateway in Both)
        {
            var handle = (await gateway.PostAsync(slug, Mcp.Initialize)).Headers.GetValues("Mcp-Session-Id").Single();
            streams.Add(await MessageStream.OpenAsync(gateway.EndpointOf(slug), HttpMethod.Get, null, gateway.Token, Cancelled, ("Mcp-Session-Id", handle)));
            ((string?)(await streams[^1].NextAsync())["method"]).ShouldBe("notifications/tools/list_changed");
        }

        await Eventually.TrueAsync(() => opened == 2, "both streams stand", Cancelled);

        (await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);

        foreach (var stream in streams)
        {
            // Broken or at its end: the client must not wait for more.
            var end = await Record.ExceptionAsync(stream.NextAsync);
            (end is HttpIOException or IOException or InvalidOperationException).ShouldBeTrue(end?.ToString());
            await stream.DisposeAsync();
        }

        await Eventually.TrueAsync(() => ended == 2, "the server is left alone", Cancelled);
    }

    [Fact]
    public async Task An_answer_that_has_begun_is_broken_off()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = async (http, request) =>
        {
            await FakeUpstream.EventsAsync(http, """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}""");
            await FakeUpstream.HangAsync(http, request);
        };
        var (slug, id) = await first.AddUpstreamAsync(upstream.Url);
        using var response = await first.OpenAsync(slug, Mcp.Call("slow"), Cancelled);
        await using var body = await response.Content.ReadAsStreamAsync(Cancelled);
        (await body.ReadAsync(new byte[16], Cancelled)).ShouldBeGreaterThan(0);

        (await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);

        await Should.ThrowAsync<Exception>(async () => await body.CopyToAsync(Stream.Null, Cancelled));
        await Eventually.TrueAsync(async () => (await first.CallsOfAsync(slug)).Any(c => (string?)c["outcome"] == "denied"), "it is recorded as what it was", null, Cancelled);
    }

    /// <summary>Its tool never answers; tells how many callers hung up.</summary>
    private static Func<int> Hang(Member member)
    {
        var gone = 0;
        member.Before = message => (string?)message["params"]?["name"] != "slow" ? null : async (http, request) =>
        {
            await FakeUpstream.HangAsync(http, request);
            Interlocked.Increment(ref gone);
        };
        return () => Volatile.Read(ref gone);
    }

    private static Task ArrivedAsync(Member member, int calls) => Eventually.TrueAsync(() => member.Calls.Count() == calls, $"{calls} calls are at the server", Cancelled);

    private async Task KnownAsync(string slug)
    {
        foreach (var gateway in Both)
            await Eventually.TrueAsync(async () => (await gateway.PostAsync(slug, """{"jsonrpc":"2.0","id":1,"method":"ping"}""")).Status is not HttpStatusCode.NotFound, "both know the server", null, Cancelled);
    }

    private async Task SwitchAsync(Member member, bool on) =>
        (await first.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = on })).Status.ShouldBe(HttpStatusCode.OK);

    private static async Task<HttpAnswer> CallAsync(GatewayFixture gateway, string path, bool isSession, string tool = "slow")
    {
        if (!isSession) return await new StatelessClient(gateway, path).CallAsync(tool);
        var client = await SessionClient.OpenAtAsync(gateway, path);
        return await client.PostAsync(Mcp.Call(tool));
    }

    private static string? ReasonOf(HttpAnswer answer) => (string?)answer.Json["error"]?["data"]?["reason"];
}
