using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>What the record says where it is easy to say less.</summary>
public sealed class TruthTests(GatewayFixture gateway, PostgresFixture postgres) : IClassFixture<GatewayFixture>
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{}}}""";

    [Theory]
    [InlineData("\"isError\": true", "toolError")]
    [InlineData("\"isError\" :\ttrue", "toolError")]
    [InlineData("\"isError\":false", "ok")]
    [InlineData("\"isErrors\":true", "ok")]
    public async Task A_failure_at_the_end_of_a_long_answer_is_a_failure(string member, string outcome)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var answer = $$$"""{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{{{new string('x', 700_000)}}}"}],{{{member}}}}}""";
        upstream.Answer = (http, _) => FakeUpstream.JsonAsync(http, answer);

        (await gateway.PostAsync(slug, Call)).Body.ShouldBe(answer);

        (await gateway.CallsOfAsync(slug)).Single()!["outcome"]!.GetValue<string>().ShouldBe(outcome);
    }

    [Fact]
    public async Task A_page_of_a_foreign_origin_is_refused_before_its_token_is_looked_at_and_recorded()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);

        var answer = await gateway.PostAsync(slug, Call, token: "", ("Origin", "https://evil.example"));

        answer.Status.ShouldBe(HttpStatusCode.Forbidden);
        upstream.Requests.ShouldBeEmpty();
        (await gateway.CallsOfAsync(slug)).Single()!["outcome"]!.GetValue<string>().ShouldBe("denied");
    }

    [Theory]
    [InlineData("https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.OK)]
    public async Task A_circuit_is_opened_to_our_own_pages_only(string? origin, HttpStatusCode status)
    {
        var answer = await gateway.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", [], "",
            origin is null ? ("Origin", gateway.Url.GetLeftPart(UriPartial.Authority)) : ("Origin", origin));

        answer.Status.ShouldBe(status);
    }

    [Fact]
    public async Task A_token_that_cannot_be_looked_up_is_refused_with_the_time_to_come_back()
    {
        await using var own = new GatewayFixture(postgres);
        await own.StartAsync(customize: builder => builder.Services.AddSingleton<ICallerDirectory, NobodyAnswers>());

        var answer = await own.PostAsync("any", Call);

        answer.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        answer.Json["error"]!["data"]!["reason"]!.GetValue<string>().ShouldBe("identity_unavailable");
    }

    private sealed class NobodyAnswers : ICallerDirectory
    {
        public async ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken)
        {
            await Task.Yield();
            throw new TimeoutException("The database is away.");
        }
    }
}
