using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Mcpx.Core.Calls;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>Organisations that record strictly: what stands in the database at which moment, whatever happens.</summary>
public sealed class StrictRecordingTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly int Kills = Property.Times(normally: 1, nightly: 10);

    private readonly GatewayFixture _gateway = new(postgres);
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        await _gateway.StartAsync();
        (await _gateway.ApiAsync(HttpMethod.Put, "/api/recording", new { mode = "strict" })).Body.ShouldBe("""{"mode":"strict"}""");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task The_mode_is_the_organisations_and_only_one_of_two()
    {
        (await _gateway.ApiAsync(HttpMethod.Get, "/api/recording")).Body.ShouldBe("""{"mode":"strict"}""");
        (await _gateway.ApiAsync(HttpMethod.Put, "/api/recording", new { mode = "loose" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _gateway.ApiAsync(HttpMethod.Put, "/api/recording", new { mode = "standard" })).Status.ShouldBe(HttpStatusCode.OK);
        (await _gateway.ApiAsync(HttpMethod.Get, "/api/recording")).Body.ShouldBe("""{"mode":"standard"}""");
    }

    [Fact]
    public async Task The_database_has_a_call_before_its_server_and_its_end_before_the_agent()
    {
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        List<string> announced = [];
        _upstream.Answer = async (http, request) =>
        {
            announced.AddRange(await ReadAsync("SELECT c.tool || ' ' || c.outcome || ' ' || convert_from(p.request, 'UTF8') FROM call_intents c JOIN call_intent_payloads p USING (id)"));
            await FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{} }""");
        };

        (await CallAsync(slug, "pay")).ShouldBe(HttpStatusCode.OK);

        announced.ShouldHaveSingleItem().ShouldBe($"pay {(int)CallOutcome.Interrupted} {BodyOf("pay")}");
        // Read past the gateway: nobody asks it to write what it holds.
        (await ReadAsync("SELECT tool || ' ' || outcome FROM calls WHERE tool = 'pay'")).ShouldBe([$"pay {(int)CallOutcome.Ok}"]);
        (await ReadAsync("SELECT tool FROM call_intents")).ShouldBeEmpty();
        (await ReadAsync("SELECT id::text FROM call_intent_payloads")).ShouldBeEmpty();
    }

    [Fact]
    public async Task While_the_database_is_away_nothing_is_forwarded_and_the_agent_knows_soon()
    {
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        (await CallAsync(slug, "before")).ShouldBe(HttpStatusCode.OK);
        await _gateway.CutDatabaseAsync(allow: false);
        var seen = _upstream.Requests.Count;

        // The first finds out, the others know.
        for (var i = 0; i < 5; i++)
        {
            var started = Stopwatch.GetTimestamp();
            (await CallAsync(slug, $"refused{i}")).ShouldBe(HttpStatusCode.ServiceUnavailable);
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30), "it hangs");
        }

        _upstream.Requests.Count.ShouldBe(seen);
        await _gateway.CutDatabaseAsync(allow: true);
        await Eventually.TrueAsync(async () => await CallAsync(slug, "after") == HttpStatusCode.OK, "calls are taken again", null, Cancelled);
        await Eventually.TrueAsync(async () => (await ReadAsync("SELECT tool FROM calls WHERE tool LIKE 'refused%' AND outcome = 5")).Count == 5, "the refusals are on record", null, Cancelled);
        (await ReadAsync("SELECT tool FROM call_intents")).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_server_has_seen_is_on_record_once_however_the_gateway_ends()
    {
        var (slug, _) = await _gateway.AddUpstreamAsync(_upstream.Url);
        using var journal = new ScratchFolder("journal");
        ConcurrentBag<string> reached = [];
        for (var life = 0; life < Kills; life++)
        {
            await using var process = await GatewayProcess.StartAsync(_gateway, journal, "--EGRESS_ALLOW=127.0.0.0/8");
            var known = reached.Count;
            // Killed while eight calls are with their server, which is about to answer two more.
            _upstream.Answer = async (http, request) =>
            {
                using var body = System.Text.Json.JsonDocument.Parse(request.Body);
                reached.Add(body.RootElement.GetProperty("params").GetProperty("name").GetString()!);
                if (reached.Count - known < 3) await FakeUpstream.JsonAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{} }""");
                else await FakeUpstream.HangAsync(http, request);
            };
            var calls = Enumerable.Range(0, 10).Select(i => EndAsync(process, slug, $"l{life}c{i}")).ToArray();
            await Eventually.TrueAsync(() => reached.Count == known + 10, "all are with the server", Cancelled);
            process.Kill();
            await Task.WhenAll(calls);
        }

        await using (await GatewayProcess.StartAsync(_gateway, journal))
        {
            await Eventually.TrueAsync(async () => (await ReadAsync("SELECT tool FROM call_intents")).Count == 0, "what was interrupted is ended", null, Cancelled);
        }

        var recorded = await ReadAsync("SELECT tool FROM calls WHERE method = 'tools/call'");
        recorded.Order().ShouldBe(reached.Order());
        var interrupted = await ReadAsync($"SELECT tool FROM calls WHERE outcome = {(int)CallOutcome.Interrupted}");
        interrupted.Count.ShouldBeGreaterThanOrEqualTo(8 * Kills);
        var shown = await _gateway.CallsAsync("&outcome=interrupted");
        shown.Select(c => c!["tool"]!.GetValue<string>()).Order().ShouldBe(interrupted.Order());
        shown[0]!["reason"]!.GetValue<string>().ShouldContain("not known");
    }

    private static string BodyOf(string tool) => $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}"} }""";

    private async Task<HttpStatusCode> CallAsync(string slug, string tool) => (await _gateway.PostAsync(slug, BodyOf(tool))).Status;

    private async Task EndAsync(GatewayProcess process, string slug, string tool)
    {
        try
        {
            await process.SendAsync(HttpMethod.Post, $"/mcp/{_gateway.Organization}/server/{slug}", _gateway.Token, BodyOf(tool));
        }
        catch (HttpRequestException)
        {
            // Killed.
        }
    }

    private async Task<List<string>> ReadAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_gateway.ConnectionString);
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        List<string> rows = [];
        while (await reader.ReadAsync(Cancelled)) rows.Add(reader.GetString(0));
        return rows;
    }
}
