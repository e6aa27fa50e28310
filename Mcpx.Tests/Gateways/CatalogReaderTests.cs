using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Samples;
using Mcpx.Tests.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

public sealed class CatalogReaderTests(DemoServersFixture demo) : IClassFixture<DemoServersFixture>
{
    private static readonly CredentialVault Vault = Probes.Vault;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_pages_of_all_lists_are_read_in_both_eras(bool isStateless)
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless);
        upstream.Capabilities = ListingUpstream.Everything;
        upstream.Lists = (method, cursor) => (method, cursor) switch
        {
            ("tools/list", null) => """{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"2","ttlMs":9000}""",
            ("tools/list", "2") => """{"tools":[{"name":"c"}],"nextCursor":"3","ttlMs":4000}""",
            ("tools/list", "3") => """{"tools":[],"nextCursor":""}""",
            ("prompts/list", null) => """{"prompts":[{"name":"p"}],"ttlMs":"soon"}""",
            ("resources/list", null) => """{"resources":[{"uri":"a:b","name":"n"}]}""",
            ("resources/templates/list", null) => """{"resourceTemplates":[{"uriTemplate":"a:{x}","name":"n"}],"ttlMs":-5e300}""",
            _ => throw new InvalidOperationException($"{method} {cursor}"),
        };

        var catalog = await ReadAsync(upstream.Url);

        catalog.Tools.Select(t => t.Key).ShouldBe(["a", "b", "c"]);
        catalog.Prompts.Select(t => t.Key).ShouldBe(["p"]);
        catalog.Resources.Select(t => t.Key).ShouldBe(["a:b"]);
        catalog.ResourceTemplates.Select(t => t.Key).ShouldBe(["a:{x}"]);
        catalog.TimeToLive.ShouldBe(TimeSpan.Zero);
        catalog.Instructions.ShouldBe("Be kind.");
        JsonNode.Parse(catalog.CapabilitiesJson.Span)!["tools"]!["listChanged"]!.GetValue<bool>().ShouldBeTrue();
        CatalogReader.TellsChanges(catalog).ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"name":"t","x-new":[1.50e+1,"\u00e4\/",null,true],"inputSchema":{"type":"object","properties":{"region":{"x-mcp-header":"Region"}}},"annotations":{"readOnlyHint":true},"icons":[],"_meta":{"a/b":{}}}""")]
    [InlineData("""{"name":"t","description":"NUL \u0000 and half a pair \ud800 and <>&'+"}""")]
    [InlineData("""{"n\u0061me":"t","größe":"ö"}""")]
    public async Task What_is_not_known_survives(string tool)
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => $$"""{"tools":[{{tool}}]}""";

        var item = (await ReadAsync(upstream.Url)).Tools.Single();

        item.Key.ShouldBe("t");
        Encoding.UTF8.GetString(item.Json.Span).ShouldBe(tool.Replace("n\\u0061me", "name", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"title":"t"}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"name":5}""")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":["t"]}""")]
    [InlineData("""{"name":"t\ud800"}""")]
    [InlineData("""{"name":"t","name":"u"}""")]
    [InlineData("""{"name":"t","n\u0061me":"u"}""")]
    [InlineData("""{"name":"t","x\ud800":1}""")]
    [InlineData("\"t\"")]
    [InlineData("null")]
    [InlineData("[{\"name\":\"t\"}]")]
    public async Task An_item_without_a_usable_name_is_left_out(string tool)
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => $$"""{"tools":[{{tool}},{"name":"good"}]}""";

        (await ReadAsync(upstream.Url)).Tools.Select(t => t.Key).ShouldBe(["good"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_list_that_is_announced_and_unknown_is_empty(bool isStateless)
    {
        await using var upstream = await ListingUpstream.StartAsync(isStateless);
        upstream.Capabilities = ListingUpstream.Everything;
        upstream.Lists = (method, _) => method == "tools/list" ? ListingUpstream.Tools("get") : null;

        var catalog = await ReadAsync(upstream.Url);

        (catalog.Tools.Count, catalog.Prompts.Count, catalog.Resources.Count, catalog.ResourceTemplates.Count).ShouldBe((1, 0, 0, 0));
    }

    [Fact]
    public async Task What_is_not_announced_is_not_asked_for()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Capabilities = """{"prompts":{}}""";

        (await ReadAsync(upstream.Url)).Tools.ShouldBeEmpty();

        upstream.Listings.ShouldBe(0);
    }

    [Fact]
    public async Task Pages_without_end_are_an_error()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, cursor) => """{"tools":[],"nextCursor":"again"}""";
        (await FailAsync(upstream.Url)).Message.ShouldContain("no end");

        upstream.Lists = (_, cursor) => $$"""{"tools":[],"nextCursor":"{{int.Parse(cursor ?? "0") + 1}}"}""";
        (await FailAsync(upstream.Url)).Message.ShouldContain("more than 200 pages");
    }

    [Fact]
    public async Task A_list_that_is_too_long_is_an_error()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => ListingUpstream.Tools([.. Enumerable.Range(0, 2000).Select(n => $"t{n}")]);
        (await ReadAsync(upstream.Url)).Tools.Count.ShouldBe(2000);

        upstream.Lists = (_, _) => ListingUpstream.Tools([.. Enumerable.Range(0, 2001).Select(n => $"t{n}")]);
        (await FailAsync(upstream.Url)).Message.ShouldContain("more than 2,000 tools");

        upstream.Lists = (_, cursor) => $$"""{"tools":[{"name":"t","description":"{{new string('x', 3 << 20)}}"}],"nextCursor":"{{cursor}}x"}""";
        (await FailAsync(upstream.Url)).Message.ShouldContain("longer than 5 MiB");

        upstream.Lists = (_, _) => $$"""{"tools":[{"name":"t","description":"{{new string('x', 6 << 20)}}"}]}""";
        (await FailAsync(upstream.Url)).Message.ShouldContain("longer than 6 MiB");
    }

    [Theory]
    [InlineData("""{"tools":{}}""")]
    [InlineData("""{"tools":[],"tools":[]}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("null")]
    public async Task A_list_that_is_none_is_an_error(string result)
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Lists = (_, _) => result;

        (await FailAsync(upstream.Url)).Reason.ShouldBe(CatalogReasons.ProtocolError);
    }

    [Theory]
    [InlineData("garbage", CatalogReasons.ProtocolError)]
    [InlineData("html", CatalogReasons.ProtocolError)]
    [InlineData("deep", CatalogReasons.ProtocolError)]
    [InlineData("wrong id", CatalogReasons.ProtocolError)]
    [InlineData("500", CatalogReasons.ProtocolError)]
    [InlineData("302", CatalogReasons.ProtocolError)]
    [InlineData("503", CatalogReasons.Unreachable)]
    [InlineData("401", CatalogReasons.Unauthorized)]
    [InlineData("403", CatalogReasons.Unauthorized)]
    [InlineData("reset", CatalogReasons.Unreachable)]
    public async Task A_server_that_misbehaves_from_the_start_has_its_reason(string how, string reason)
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Instead = (http, _) =>
        {
            switch (how)
            {
                case "garbage": return FakeUpstream.JsonAsync(http, "{\"jsonrpc\":");
                case "html": return FakeUpstream.BytesAsync(http, "<html>"u8.ToArray(), "text/html");
                case "deep": return FakeUpstream.JsonAsync(http, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" + new string('[', 5000) + new string(']', 5000) + "}");
                case "wrong id": return FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":"other","result":{}}""");
                case "reset":
                    http.Abort();
                    return Task.CompletedTask;
                default:
                    http.Response.Headers.Location = "http://127.0.0.1:1/elsewhere";
                    return FakeUpstream.JsonAsync(http, "no", int.Parse(how));
            }
        };

        var failure = await FailAsync(upstream.Url);

        failure.Reason.ShouldBe(reason, failure.InnerException?.ToString());
        failure.Message.ShouldNotContain("127.0.0.1");
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_after_thirty_seconds()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Instead = FakeUpstream.HangAsync;
        var clock = new TestClock();

        var reading = Reader(clock: clock).ReadAsync(Server(upstream.Url), null, Cancelled);
        await Eventually.TrueAsync(() => upstream.Requests.Any(), "the server is asked", Cancelled);
        clock.Advance(CatalogReader.Patience);

        (await Should.ThrowAsync<CatalogException>(reading)).Reason.ShouldBe(CatalogReasons.Timeout);
    }

    [Fact]
    public async Task Whoever_asks_can_stop_asking()
    {
        await using var upstream = await ListingUpstream.StartAsync();
        upstream.Instead = FakeUpstream.HangAsync;
        using var stop = new CancellationTokenSource();

        var reading = Reader().ReadAsync(Server(upstream.Url), null, stop.Token);
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(reading);
    }

    [Fact]
    public async Task Nobody_there_a_closed_address_and_a_lost_key_have_their_reasons()
    {
        var nobody = Server(new Uri($"http://127.0.0.1:{Ports.Free()}/mcp"));
        var lost = new StoredCredential(nobody.Organization, nobody.Id, CredentialKind.Bearer, null, new byte[40], "");

        (await Should.ThrowAsync<CatalogException>(Reader().ReadAsync(nobody, null, Cancelled))).Reason.ShouldBe(CatalogReasons.Unreachable);
        (await Should.ThrowAsync<CatalogException>(Reader().ReadAsync(nobody, lost, Cancelled))).Reason.ShouldBe(CatalogReasons.CredentialUnreadable);
        var closed = await Should.ThrowAsync<CatalogException>(Reader(allowed: "").ReadAsync(nobody, null, Cancelled));
        (closed.Reason, closed.Message.Contains("127", StringComparison.Ordinal)).ShouldBe((CatalogReasons.Unreachable, false));
    }

    [Fact]
    public async Task A_server_of_the_first_revision_is_read_over_its_event_stream()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = SseUpstream.Script("/messages?session=1");

        (await ReadAsync(upstream.Url)).Tools.Select(t => t.Key).ShouldBe(["old_tool"]);
    }

    [Fact]
    public async Task A_server_that_sends_its_clients_to_another_host_gets_no_credential_there()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        upstream.Answer = SseUpstream.Script(other.Url.ToString());
        var server = Server(upstream.Url);

        var failure = await Should.ThrowAsync<CatalogException>(Reader().ReadAsync(server, Vault.Seal(server.Organization, server.Id, new CredentialInput(CredentialKind.Bearer, null, new Secret("s"))), Cancelled));

        failure.Reason.ShouldBe(CatalogReasons.ProtocolError);
        upstream.Requests.ShouldAllBe(r => r.Headers["Authorization"] == "Bearer s");
        other.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("finance", "balance")]
    [InlineData("hr", "lookup")]
    [InlineData("crm", "deals")]
    [InlineData("tickets", "open_ticket")]
    public async Task The_demo_servers_are_read_with_their_credentials(string name, string tool)
    {
        var server = Server(demo.UrlOf(name));
        var input = name switch
        {
            "finance" => new CredentialInput(CredentialKind.ApiKey, null, new Secret("demo-finance-key")),
            "hr" => new CredentialInput(CredentialKind.Bearer, null, new Secret("demo-hr-token")),
            _ => demo.InputOf(name),
        };

        var catalog = await Reader().ReadAsync(server, Vault.Seal(server.Organization, server.Id, input), Cancelled);

        var item = catalog.Tools.Single(t => t.Key == tool);
        JsonNode.Parse(item.Json.Span)!["inputSchema"]!["type"]!.GetValue<string>().ShouldBe("object");
        catalog.Instructions.ShouldNotBeNullOrEmpty();
        if (name != "crm") (await FailAsync(demo.UrlOf(name))).Reason.ShouldBe(CatalogReasons.Unauthorized);
    }

    internal static CatalogReader Reader(string allowed = "127.0.0.0/8", TimeProvider? clock = null) =>
        new(Probes.Access(Probes.Egress(allowed), clock ?? TimeProvider.System), Probes.Egress(allowed), clock ?? TimeProvider.System, NullLogger<CatalogReader>.Instance);

    private static UpstreamServer Server(Uri url) => Catalogs.Server(url).Server;

    private static Task<ServerCatalog> ReadAsync(Uri url) => Reader().ReadAsync(Server(url), null, Cancelled);

    private static Task<CatalogException> FailAsync(Uri url) => Should.ThrowAsync<CatalogException>(ReadAsync(url));
}
