using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>What the MCP door refuses before anything is forwarded.</summary>
public sealed class FrontDoorTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const int Longest = 1 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("[]", 400, -32600)]
    [InlineData("", 400, -32700)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"arguments\":{\"x\":\"\0\"}}}", 400, -32700)]
    [InlineData("\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", 400, -32700)]
    public async Task A_malformed_body_is_refused_precisely_and_recorded_as_it_came(string body, int status, int code)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, body);

        ((int)answer.Status, answer.ErrorCode).ShouldBe((status, code));
        upstream.Requests.ShouldBeEmpty();
        var call = (await gateway.CallsOfAsync(slug)).ShouldHaveSingleItem();
        ((string?)call["outcome"], (int?)call["status"], (int?)call["requestBytes"]).ShouldBe(("denied", status, Encoding.UTF8.GetByteCount(body)));
        var payload = (await gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{call["id"]}")).Json["request"];
        if (body.Length > 0) payload!["body"]!.GetValue<string>().ShouldBe(body);
    }

    [Fact]
    public async Task A_malformed_body_of_a_stranger_gets_401_and_nothing_else() =>
        (await gateway.PostAsync("any", "[]", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_may_be_one_mebibyte_and_not_a_byte_more(bool chunked)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, Mcp.Result("{}"));
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var fits = await SendAsync(slug, Longest, chunked);
        var tooLong = await SendAsync(slug, Longest + 1, chunked);

        fits.Status.ShouldBe(HttpStatusCode.OK);
        tooLong.Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        // Announced too long, it is refused before a byte of it is asked for.
        tooLong.BodySent.ShouldBe(chunked);
        upstream.Requests.ShouldHaveSingleItem().Body.Length.ShouldBe(Longest);
        var calls = await gateway.CallsOfAsync(slug);
        calls.Select(c => ((string?)c["outcome"], (int?)c["status"])).ShouldBe([("denied", 413), ("ok", 200)]);
    }

    [Fact]
    public async Task JSON_bombs_are_defused()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "x");
        string[] refused =
        [
            new('[', 500_000),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"arguments\":" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_002),
            "{\"jsonrpc\":\"2.0\",\"id\":" + new string('9', 500_000) + ",\"method\":\"ping\"}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + new string('m', 500_000) + "\"}",
            new('"', 1000),
        ];
        string[] passed =
        [
            Mcp.Call("a", "{" + string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"k{i}\":[]")) + "}"),
            Mcp.Call("a", "[" + string.Concat(Enumerable.Repeat("1e400,", 100_000)) + "1]"),
            Mcp.Call("a").Replace("\"params\":{", "\"params\":{" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"\"\\u00e4{i}\":1,"))),
        ];

        foreach (var bomb in refused) (await gateway.PostAsync(slug, bomb)).Status.ShouldBe(HttpStatusCode.BadRequest);
        upstream.Requests.ShouldBeEmpty();
        foreach (var bomb in passed) (await gateway.PostAsync(slug, bomb)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("text/plain", null, 415)]
    [InlineData("application/x-www-form-urlencoded", null, 415)]
    [InlineData("application/jsonp", null, 415)]
    [InlineData("application/json; charset=utf-8", null, 200)]
    [InlineData("application/json", "application/json", 406)]
    [InlineData("application/json", "text/html", 406)]
    [InlineData("application/json", "*/*", 200)]
    [InlineData("application/json", "text/event-stream;q=0.5, application/json", 200)]
    public async Task Media_types_are_those_of_the_protocol(string contentType, string? accept, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = Request(slug, Encoding.UTF8.GetBytes(Mcp.Call("get")));
        request.Content!.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);

        using var answer = await http.SendAsync(request, Cancelled);

        ((int)answer.StatusCode).ShouldBe(status);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    public async Task Other_methods_get_405_with_a_body_that_clients_can_read(string method)
    {
        var answer = await gateway.SendAsync(new HttpMethod(method), $"/mcp/{gateway.Organization}/server/any", null, gateway.Token);

        answer.Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        answer.ContentType.ShouldBe("application/json");
        answer.ErrorCode.ShouldBe(-32000);
    }

    [Fact]
    public async Task Foreign_origins_and_hosts_are_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        (await With(("Origin", "https://evil.example"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await With(("Origin", "null"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await With(("Origin", ""))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await With(("Origin", $"http://127.0.0.1:{gateway.Url.Port + 1}"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await With(("Origin", $"http://127.0.0.1:{gateway.Url.Port}, https://evil.example"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await With(("Host", "evil.example"))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await With(("Host", "127.0.0.1.nip.io"))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await With(("Host", "evil.example"), ("X-Forwarded-Host", gateway.Url.Authority))).Status.ShouldBe(HttpStatusCode.BadRequest);
        upstream.Requests.ShouldBeEmpty();
        (await With(("Origin", $"http://127.0.0.1:{gateway.Url.Port}"))).Status.ShouldBe(HttpStatusCode.OK);
        (await With(("Host", $"localhost:{gateway.Url.Port}"))).Status.ShouldBe(HttpStatusCode.OK);

        Task<HttpAnswer> With(params (string, string)[] headers) => gateway.PostAsync(slug, Mcp.Call("get"), null, headers);
    }

    [Fact]
    public async Task No_body_and_no_header_makes_the_gateway_fail()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url, null, "blocklist", "transfer");
        string?[] values = [null, "2026-07-28", "2025-11-25", "=?base64?!?=", "=?base64?gA==?=", "\u00fc", "tools/call", "balance", new('x', 5000)];
        var times = Property.Times(2_000, 1_000_000);
        var bodies = FsCheck.Fluent.Gen.Sample(MutatedMessages.Bodies, times);

        await Parallel.ForEachAsync(bodies.Select((body, i) => (body, i)), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancelled }, async (x, _) =>
        {
            (string Name, string? Value)[] headers =
            [
                ("MCP-Protocol-Version", values[x.i % values.Length]), ("Mcp-Method", values[x.i / 3 % values.Length]), ("Mcp-Name", values[x.i / 7 % values.Length]),
                ("Mcp-Session-Id", x.i % 5 == 0 ? values[x.i / 11 % values.Length] : null),
            ];
            var answer = await gateway.SendAsync(HttpMethod.Post, $"/mcp/{gateway.Organization}/server/{slug}", x.body, gateway.Token,
                [.. headers.Where(h => h.Value is not null).Select(h => (h.Name, h.Value!))]);

            ((int)answer.Status).ShouldBeLessThan(500, $"{answer.Body} for {Convert.ToBase64String(x.body)} with {string.Join(", ", headers)}");
            if (answer.Status != HttpStatusCode.OK) answer.Json["error"]!["code"]!.GetValue<int>().ShouldBeLessThan(0);
        });
        upstream.Requests.ShouldAllBe(r => !r.Text.Contains("\"method\":\"tools/call\",\"params\":{\"name\":\"transfer\""));
    }

    private HttpRequestMessage Request(string slug, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, gateway.EndpointOf(slug)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", gateway.Token);
        return request;
    }

    private async Task<(HttpStatusCode Status, bool BodySent)> SendAsync(string slug, int length, bool chunked)
    {
        var call = Mcp.Call("get", "{\"x\":\"#\"}");
        var body = Encoding.UTF8.GetBytes(call.Replace("#", new string('x', length - call.Length + 1)));
        body.Length.ShouldBe(length);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) });
        using var request = Request(slug, body);
        var content = new WatchedContent(body);
        request.Content = content;
        request.Headers.ExpectContinue = true;
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await http.SendAsync(request, Cancelled);
        return (answer.StatusCode, content.Sent);
    }

    private sealed class WatchedContent : ByteArrayContent
    {
        public WatchedContent(byte[] body) : base(body) => Headers.ContentType = new MediaTypeHeaderValue("application/json");

        public bool Sent { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Sent = true;
            return base.SerializeToStreamAsync(stream, context, cancellationToken);
        }
    }
}
