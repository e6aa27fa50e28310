using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Dashboard.Profile;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Dashboard;

public sealed class SessionTests(PostgresFixture postgres, GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Each_sign_in_is_a_session_of_its_own_and_ends_the_one_that_the_browser_had()
    {
        var first = await CookieVisitor.SignInAsync(gateway);
        var elsewhere = await CookieVisitor.SignInAsync(gateway);
        var again = await CookieVisitor.SignInAsync(gateway, before: first);

        new[] { first, elsewhere, again }.Select(v => v.SignedIn(gateway).Session).Distinct().Count().ShouldBe(3);
        (await first.IsInAsync(gateway)).ShouldBeFalse();
        (await elsewhere.IsInAsync(gateway)).ShouldBeTrue();
        (await again.IsInAsync(gateway)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_cookie_of_one_replica_works_on_the_other_and_ends_on_both()
    {
        await using var second = new GatewayFixture(postgres);
        await second.StartAsync(gateway.ConnectionString);
        var visitor = await CookieVisitor.SignInAsync(gateway);
        (await visitor.IsInAsync(second)).ShouldBeTrue();

        var me = visitor.SignedIn(gateway);
        await second.Services.GetRequiredService<SessionAdmin>().RevokeAsync(me, me.Session, DashboardVisits.Cancellation);

        (await visitor.IsInAsync(second)).ShouldBeFalse();
        await Eventually.TrueAsync(async () => !await visitor.IsInAsync(gateway), "the first replica refuses it too", TimeSpan.FromSeconds(5), DashboardVisits.Cancellation);
    }

    [Fact]
    public async Task Who_finds_the_session_ended_is_told_so_and_keeps_the_address()
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        var me = visitor.SignedIn(gateway);
        await gateway.Services.GetRequiredService<SessionAdmin>().RevokeAsync(me, me.Session, DashboardVisits.Cancellation);

        var answer = await visitor.GetAsync(gateway, $"/{gateway.Organization}/servers");

        answer.Status.ShouldBe(HttpStatusCode.Found);
        answer.Headers.Location!.PathAndQuery.ShouldBe($"/sign-in?returnUrl=%2F{gateway.Organization}%2Fservers&problem=session");
        answer.Headers.GetValues("Set-Cookie").ShouldContain(c => c.StartsWith("mcpx=;", StringComparison.Ordinal));
        (await visitor.GetAsync(gateway, answer.Headers.Location.PathAndQuery)).Body.ShouldContain("Your session has ended.");
    }

    [Theory]
    [InlineData("last_seen_at = now() - interval '8 hours'")]
    [InlineData("expires_at = now()")]
    [InlineData("revoked_at = now()")]
    public async Task An_idle_an_old_and_a_revoked_session_open_nothing(string becomes)
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        (await visitor.IsInAsync(gateway)).ShouldBeTrue();

        await ChangeAsync(visitor.SignedIn(gateway).Session, becomes);

        (await visitor.IsInAsync(gateway)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_session_that_was_used_within_eight_hours_goes_on()
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        await ChangeAsync(visitor.SignedIn(gateway).Session, "last_seen_at = now() - interval '7 hours 59 minutes', created_at = now() - interval '6 days', expires_at = now() + interval '1 day'");

        (await visitor.IsInAsync(gateway)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_cookie_without_a_session_or_with_somebody_elses_opens_nothing()
    {
        var visitor = await CookieVisitor.SignInAsync(gateway);
        var me = visitor.SignedIn(gateway);

        (await CookieVisitor.Sealed(gateway, me.User, session: null).IsInAsync(gateway)).ShouldBeFalse();
        (await CookieVisitor.Sealed(gateway, me.User, EntityId.New<SessionId>(TimeProvider.System)).IsInAsync(gateway)).ShouldBeFalse();
        (await CookieVisitor.Sealed(gateway, EntityId.New<UserId>(TimeProvider.System), me.Session).GetAsync(gateway)).Status.ShouldBe(HttpStatusCode.Found);
        (await CookieVisitor.Sealed(gateway, me.User, me.Session).IsInAsync(gateway)).ShouldBeTrue();
    }

    [Fact]
    public async Task Nobody_ends_anothers_session_and_a_foreign_id_looks_like_an_unknown_one()
    {
        var victim = (await CookieVisitor.SignInAsync(gateway)).SignedIn(gateway);
        var admin = gateway.Services.GetRequiredService<SessionAdmin>();
        SignedIn attacker = new(EntityId.New<UserId>(TimeProvider.System), EntityId.New<SessionId>(TimeProvider.System), TestChanges.Origin);

        var foreign = await Should.ThrowAsync<RefusalException.NotFound>(() => admin.RevokeAsync(attacker, victim.Session, DashboardVisits.Cancellation));
        var unknown = await Should.ThrowAsync<RefusalException.NotFound>(() => admin.RevokeAsync(attacker, attacker.Session, DashboardVisits.Cancellation));

        foreign.Message.ShouldBe(unknown.Message);
        (await admin.RevokeOthersAsync(attacker, DashboardVisits.Cancellation)).ShouldBe(0);
    }

    [Fact]
    public async Task A_browser_that_writes_nonsense_into_its_name_signs_in_all_the_same()
    {
        var visitor = await CookieVisitor.SignInAsync(gateway, userAgent: "<img src=x onerror=alert(1)> " + new string('é', 4000));

        (await visitor.IsInAsync(gateway)).ShouldBeTrue();
        var me = visitor.SignedIn(gateway);
        (await gateway.Services.GetRequiredService<SessionAdmin>().ListAsync(me, DashboardVisits.Cancellation)).Single(s => s.Id == me.Session).Client.Length.ShouldBe(400);
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone")]
    [InlineData("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome on Android")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", "Chrome on macOS")]
    [InlineData("curl/8.9.1", "curl")]
    [InlineData("your own browser", "Unknown browser")]
    [InlineData("", "Unknown browser")]
    public void A_browser_is_called_by_its_name(string userAgent, string name) => BrowserName.Describe(userAgent).ShouldBe(name);

    private async Task ChangeAsync(SessionId session, string becomes)
    {
        await using var database = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using var command = database.CreateCommand($"UPDATE sessions SET {becomes} WHERE id = $1");
        command.Parameters.Add(new() { Value = session.Value });
        (await command.ExecuteNonQueryAsync(DashboardVisits.Cancellation)).ShouldBe(1);
        await gateway.Services.GetRequiredService<ChangeFeed>().PublishAsync(new Change(ChangeKind.Session, session.Value));
    }
}
