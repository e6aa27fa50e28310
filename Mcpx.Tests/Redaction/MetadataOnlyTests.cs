using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>Of a server whose payloads are not kept, they do not get as far as the journal's disk.</summary>
public sealed class MetadataOnlyTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly GatewayFixture _gateway = new(postgres);
    private readonly Appended _appended = new();
    private FakeUpstream _upstream = null!;
    private string _slug = "";
    private string _id = "";

    public async ValueTask InitializeAsync()
    {
        await _gateway.StartAsync(customize: builder => builder.Services.AddSingleton<ICallSink>(_appended));
        _upstream = await FakeUpstream.StartAsync();
        (_slug, _id) = await _gateway.AddUpstreamAsync(_upstream.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task Payloads_are_gone_before_the_journal_and_their_digests_are_those_of_any_call()
    {
        var body = Mcp.Call("pay", """{"amount":5}""");
        var kept = await CallAsync(body);
        kept.Request.ShouldNotBeNull();
        kept.RequestDigest.ShouldBeNull();

        await SetAsync("metadataOnly");
        var bare = await CallAsync(body);
        bare.Request.ShouldBeNull();
        bare.Response.ShouldBeNull();
        bare.Payloads.ShouldBe(PayloadMode.MetadataOnly);
        bare.RequestBytes.ShouldBe(body.Length);
        bare.ResponseBytes.ShouldBeGreaterThan(0);

        // What the database says of both: one digest, and of the second what held when it was made.
        await SetAsync("full");
        var calls = await _gateway.CallsOfAsync(_slug);
        var (first, second) = (await DetailAsync(calls, 1), await DetailAsync(calls, 0));
        ((string?)second["payloads"]).ShouldBe("metadataOnly");
        ((string?)second["requestDigest"]).ShouldBe(Convert.ToHexStringLower(bare.RequestDigest!));
        ((string?)second["requestDigest"]).ShouldBe((string?)first["requestDigest"]);
        ((string?)second["responseDigest"]).ShouldBe((string?)first["responseDigest"]);
        (await CallAsync(body)).Request.ShouldNotBeNull();
    }

    /// <summary>The record as the journal took it.</summary>
    private async Task<CallRecord> CallAsync(string body)
    {
        (await _gateway.PostAsync(_slug, body)).Status.ShouldBe(HttpStatusCode.OK);
        // The first one brings the organisation's key into memory on its way to the database.
        await _gateway.CallsOfAsync(_slug);
        return _appended.Calls.Last(c => c.ServerSlug == _slug);
    }

    private async Task SetAsync(string payloads) =>
        (await _gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{_id}/redaction", new { payloads })).Status.ShouldBe(HttpStatusCode.OK);

    private async Task<JsonNode> DetailAsync(IReadOnlyList<JsonNode> calls, int index) =>
        (await _gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{calls[index]["id"]}")).Json;

    private sealed class Appended : ICallSink
    {
        public ConcurrentQueue<CallRecord> Calls { get; } = [];

        public void CallFinished(CallRecord call) => Calls.Enqueue(call.Owned());
    }
}
