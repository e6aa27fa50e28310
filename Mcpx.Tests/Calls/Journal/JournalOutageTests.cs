using System.Net;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>At the front door: what agents get while the disk or the database is away, and what the record says afterwards.</summary>
public sealed class JournalOutageTests(PostgresFixture postgres) : IAsyncDisposable
{
    private readonly FailingDisk _disk = new();
    private readonly ScratchFolder _folder = new("journal");
    private readonly GatewayFixture _gateway = new(postgres);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_disk_is_full_nothing_is_forwarded_and_nothing_that_was_answered_is_missing()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await StartAsync(JournalSettings.DefaultBudget);
        var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
        (await CallAsync(slug, "before")).ShouldBe(HttpStatusCode.OK);

        _disk.Fails = true;
        // Admitted when nobody knew yet: the server has it, but an answer without a record there is not.
        await Should.ThrowAsync<HttpRequestException>(() => CallAsync(slug, "caught"));
        var seen = upstream.Requests.Count;
        for (var i = 0; i < 3; i++) (await CallAsync(slug, "refused")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        upstream.Requests.Count.ShouldBe(seen);
        var state = (await _gateway.SendAsync(HttpMethod.Get, "/readyz", null, "")).Json["journal"]!;
        state["accepting"]!.GetValue<bool>().ShouldBeFalse();
        state["diskError"]!.GetValue<string>().ShouldContain("No space left");

        _disk.Fails = false;
        await Eventually.TrueAsync(() => Journal.CanAdmit, "calls are taken again", Cancelled);
        (await CallAsync(slug, "after")).ShouldBe(HttpStatusCode.OK);
        (await ToolsAsync(slug)).ShouldBe(["after", "before"]);
    }

    [Fact]
    public async Task While_the_database_is_away_calls_go_on_and_then_stand_in_the_record_once()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await StartAsync(JournalSettings.DefaultBudget);
        var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
        (await CallAsync(slug, "t0")).ShouldBe(HttpStatusCode.OK);

        await _gateway.CutDatabaseAsync(allow: false);
        for (var i = 1; i <= 50; i++) (await CallAsync(slug, $"t{i}")).ShouldBe(HttpStatusCode.OK);
        await Eventually.TrueAsync(() => Journal.LastError is not null, "the journal knows that the database is away", Cancelled);
        Journal.Depth.ShouldBeGreaterThanOrEqualTo(50);
        Journal.Oldest.ShouldNotBeNull();

        await _gateway.CutDatabaseAsync(allow: true);
        await Eventually.TrueAsync(() => Journal.Depth == 0, "the database has all", Cancelled);
        (await ToolsAsync(slug)).Order().ShouldBe(Enumerable.Range(0, 51).Select(i => $"t{i}").Order());
    }

    [Fact]
    public async Task A_journal_that_is_full_refuses_calls_until_the_database_has_taken_some()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await StartAsync(budget: 64 << 10);
        var (slug, _) = await _gateway.AddUpstreamAsync(upstream.Url);
        (await CallAsync(slug, "first")).ShouldBe(HttpStatusCode.OK);
        await _gateway.CutDatabaseAsync(allow: false);

        var answered = 1;
        while (await CallAsync(slug, $"t{answered}") == HttpStatusCode.OK) answered++;
        var seen = upstream.Requests.Count;
        (await CallAsync(slug, "refused")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        upstream.Requests.Count.ShouldBe(seen);

        await _gateway.CutDatabaseAsync(allow: true);
        await Eventually.TrueAsync(() => Journal.Depth == 0, "the database has all", Cancelled);
        (await CallAsync(slug, "last")).ShouldBe(HttpStatusCode.OK);
        (await ToolsAsync(slug)).Count.ShouldBe(answered + 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private CallJournal Journal => _gateway.Services.GetRequiredService<CallJournal>();

    private Task StartAsync(long budget) => _gateway.StartAsync(customize: builder => builder.Services.AddSingleton(s => new CallJournal(
        new JournalSettings(_folder.Path, budget), JournalCalls.Keys, s.GetRequiredService<ICallStore>(), s.GetServices<ICallSink>(), NullLogger<CallJournal>.Instance, TimeProvider.System)
    {
        Disk = _disk,
    }));

    private async Task<HttpStatusCode> CallAsync(string slug, string tool) =>
        (await _gateway.PostAsync(slug, $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}"} }""")).Status;

    private async Task<List<string>> ToolsAsync(string slug) => [.. (await _gateway.CallsOfAsync(slug)).Select(c => c["tool"]!.GetValue<string>())];
}
