using System.Net;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy.Bridge;
using Mcpx.Tests.Proxy.Gateways;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>An answer that is on record reaches its client, whatever falls into the moment between the two.</summary>
public sealed class RecordedAnswerTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("both", false, false)]
    [InlineData("both", true, false)]
    [InlineData("stateless", true, false)]
    [InlineData("session", false, false)]
    [InlineData("both", false, true)]
    [InlineData("both", true, true)]
    public async Task A_switch_that_falls_while_an_answer_is_being_recorded_comes_too_late_for_it(string eras, bool isSession, bool isStream)
    {
        await using var member = await Member.StartAsync(gateway, eras, "pay");
        if (isStream) member.Before = message => (string?)message["params"]?["name"] == "pay" ? AnswerInStreamAsync : null;
        var session = isSession ? await SessionClient.OpenAsync(gateway, member.Slug) : null;
        // Strict, so that the record takes until the table is free, time to switch the server off in.
        (await gateway.ApiAsync(HttpMethod.Put, "/api/recording", new { mode = "strict" })).Status.ShouldBe(HttpStatusCode.OK);
        // What is recorded until here must not be what waits below.
        (await gateway.CallsAsync()).ShouldNotBeNull();
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(Cancelled);
        await using var transaction = await connection.BeginTransactionAsync(Cancelled);
        await using (var table = new NpgsqlCommand("LOCK TABLE calls IN SHARE MODE", connection, transaction)) await table.ExecuteNonQueryAsync(Cancelled);
        var call = session is null ? StatelessClient.Of(gateway, member.Slug).CallAsync("pay") : session.PostAsync(Mcp.Call("pay"));
        await Eventually.TrueAsync(() => IsAwaitedAsync(database), "the record waits for its table", null, Cancelled);
        var under = SwitchOf(member);

        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/servers/{member.Id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);
        await Eventually.TrueAsync(() => under.IsCancellationRequested, "the server is off", Cancelled);
        await transaction.RollbackAsync(Cancelled);

        var answer = await call;
        answer.Json["result"].ShouldNotBeNull(answer.Body);
        var records = await gateway.CallsOfAsync(member.Slug);
        records.Where(c => (string?)c["method"] == "tools/call").ShouldHaveSingleItem()["outcome"]!.GetValue<string>().ShouldBe("ok");
    }

    private static Task AnswerInStreamAsync(Microsoft.AspNetCore.Http.HttpContext http, SeenRequest request) =>
        FakeUpstream.EventsAsync(http, $$"""{"jsonrpc":"2.0","id":{{FakeUpstream.IdOf(request)}},"result":{"content":[],"resultType":"complete"} }""");

    private CancellationToken SwitchOf(Member member)
    {
        var organization = gateway.Owner.Organization;
        var route = gateway.Services.GetRequiredService<SnapshotKeeper>().Current.Gateways.Find(organization)!.FindServer(member.Slug)!;
        return gateway.Services.GetRequiredService<ServerSwitches>().Of(route);
    }

    private static async Task<bool> IsAwaitedAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE NOT l.granted AND c.relname LIKE 'calls%'");
        return (long)(await command.ExecuteScalarAsync(Cancelled))! > 0;
    }
}
