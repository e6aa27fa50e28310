using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Tests.Api;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Streaming;

/// <summary>Log streams through the front door, and calls that come on record beside it.</summary>
internal sealed class LogStreamDesk(GatewayFixture gateway)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static CallRecord NewCall(string tool, TimeSpan since = default) =>
        DataHost.NewCall(default, DataHost.Now + since) with { Method = "tools/call", Tool = tool };

    /// <summary>An organisation has ten at most.</summary>
    public async Task ClearAsync()
    {
        foreach (JsonNode? left in (await gateway.ApiAsync(HttpMethod.Get, "/api/log-streams")).Json["items"]!.AsArray()) await gateway.ApiAsync(HttpMethod.Delete, $"/api/log-streams/{left!["id"]}");
    }

    public async Task<HttpAnswer> AddAsync(object stream)
    {
        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/log-streams", stream);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return made;
    }

    public async Task ShouldBeWrongAsync(JsonObject stream, string field)
    {
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, "/api/log-streams", stream);
        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    /// <summary>Puts calls on record and returns their ids.</summary>
    public async Task<IReadOnlyList<string>> WriteAsync(params CallRecord[] calls)
    {
        await gateway.Services.GetRequiredService<ICallStore>().WriteAsync([.. calls.Select(c => c with { Organization = gateway.Owner.Organization })], Cancelled);
        return [.. calls.Select(c => c.Id.ToString())];
    }

    public async Task<JsonNode> StateAsync(string name) =>
        (await gateway.ApiAsync(HttpMethod.Get, "/api/log-streams")).Json["items"]!.AsArray().Single(s => (string?)s!["name"] == name)!;
}
