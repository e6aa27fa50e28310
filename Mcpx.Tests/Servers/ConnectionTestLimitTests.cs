using System.Net;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>A test of a connection must not become a scanner.</summary>
public sealed class ConnectionTestLimitTests(PostgresFixture postgres)
{
    [Fact]
    public void One_that_tests_port_after_port_is_stopped_and_told_when_to_come_again()
    {
        var time = new TestClock();
        ConnectionTestLimit limit = new(perMinute: 3, time);
        OrganizationId acme = EntityId.New<OrganizationId>(time), other = EntityId.New<OrganizationId>(time);
        for (var i = 0; i < 3; i++) limit.Take(acme);

        var refused = Should.Throw<RefusalException.TooMany>(() => limit.Take(acme));

        (refused.RetryAfter, refused.Message).ShouldBe((TimeSpan.FromSeconds(20), "This organisation has tested 3 connections within a minute, which is the limit. Try again in 20 s."));
        Should.NotThrow(() => limit.Take(other));
        time.Advance(TimeSpan.FromSeconds(19));
        Should.Throw<RefusalException.TooMany>(() => limit.Take(acme));
        time.Advance(TimeSpan.FromSeconds(1));
        Should.NotThrow(() => limit.Take(acme));
        Should.Throw<RefusalException.TooMany>(() => limit.Take(acme));
        time.Advance(TimeSpan.FromHours(1));
        // However long nobody tested: not more at once than a minute's.
        for (var i = 0; i < 3; i++) limit.Take(acme);
        Should.Throw<RefusalException.TooMany>(() => limit.Take(acme));
    }

    [Fact]
    public async Task At_once_no_more_pass_than_one_after_the_other()
    {
        ConnectionTestLimit limit = new(perMinute: 50, new TestClock());
        var acme = EntityId.New<OrganizationId>(TimeProvider.System);
        var passed = 0;

        await Parallel.ForAsync(0, 1000, (_, _) =>
        {
            try
            {
                limit.Take(acme);
                Interlocked.Increment(ref passed);
            }
            catch (RefusalException.TooMany)
            {
                // What the others get.
            }

            return ValueTask.CompletedTask;
        });

        passed.ShouldBe(50);
    }

    [Fact]
    public async Task Too_many_tests_are_429_whether_saved_or_not_and_connect_to_nothing()
    {
        await using var own = new GatewayFixture(postgres);
        await own.StartAsync(null, null, ("MCPX_MAX_TESTS", "2"));
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance");
        var (_, id) = await own.AddUpstreamAsync(upstream.Url);
        // What connects nowhere costs nothing.
        for (var i = 0; i < 5; i++) (await own.ApiAsync(HttpMethod.Post, "/api/servers/test", new { url = "nowhere" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        for (var i = 0; i < 5; i++) (await own.ApiAsync(HttpMethod.Post, $"/api/servers/{Guid.CreateVersion7()}/test")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await own.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test")).Status.ShouldBe(HttpStatusCode.OK);
        (await own.ApiAsync(HttpMethod.Post, "/api/servers/test", new { url = upstream.Url })).Status.ShouldBe(HttpStatusCode.OK);
        var before = upstream.Requests.Count + upstream.Probes.Count;

        foreach (var answer in new[] { await own.ApiAsync(HttpMethod.Post, $"/api/servers/{id}/test"), await own.ApiAsync(HttpMethod.Post, "/api/servers/test", new { url = upstream.Url }) })
        {
            answer.Status.ShouldBe(HttpStatusCode.TooManyRequests);
            answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(1, 60);
            ((string?)answer.Json["detail"])!.ShouldStartWith("This organisation has tested 2 connections within a minute, which is the limit. Try again in ");
        }

        (upstream.Requests.Count + upstream.Probes.Count).ShouldBe(before);
    }
}
