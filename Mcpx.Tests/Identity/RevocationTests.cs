using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Data.Changes;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.OAuth;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

/// <summary>What is taken away on one replica is refused on another, which is a process of its own.</summary>
public sealed class RevocationTests(PostgresFixture postgres)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public Task With_notifications_everything_is_refused_within_five_seconds() => MeasureAsync(deaf: false, TimeSpan.FromSeconds(5));

    [Fact]
    public Task Without_notifications_everything_is_refused_within_thirty_seconds() => MeasureAsync(deaf: true, TimeSpan.FromSeconds(30));

    private async Task MeasureAsync(bool deaf, TimeSpan promised)
    {
        await using var here = new GatewayFixture(postgres);
        await here.StartAsync();
        if (deaf) await SilenceAsync(here);
        using var journal = new ScratchFolder("journal");
        await using var there = await GatewayProcess.StartAsync(here, journal);

        Colleague demoted = await Colleague.CreateAsync(here, Role.Owner), removed = await Colleague.CreateAsync(here, Role.Owner);
        IssuedToken token = await here.Services.GetRequiredService<TokenAdmin>().CreateAsync(here.Owner, new NewToken("revoked", TokenScopes.All.ToNames()), Cancelled);
        TestAccount account = await here.AddAccountAsync();
        string access = await account.TokenAsync(("resource", new Uri(here.Url, "/api").ToString()));
        var visitor = await CookieVisitor.SignInAsync(here);
        Dictionary<string, Func<Task<HttpStatusCode>>> uses = new()
        {
            ["token"] = () => there.SendAsync(HttpMethod.Get, "/api/servers", token.Text.Reveal()),
            // An Owner's mistake is told to be one; a Member may not even try.
            ["role"] = () => there.SendAsync(HttpMethod.Post, "/api/servers", demoted.Token, "{}"),
            ["membership"] = () => there.SendAsync(HttpMethod.Get, "/api/servers", removed.Token),
            ["service account"] = () => there.SendAsync(HttpMethod.Get, "/api/servers", access),
            ["session"] = () => there.SendAsync(HttpMethod.Get, $"/{here.Organization}", null, null, ("Accept", "text/html"), ("Cookie", visitor.Cookie)),
        };
        (await uses["token"]()).ShouldBe(HttpStatusCode.OK);
        (await uses["role"]()).ShouldBe(HttpStatusCode.BadRequest);
        (await uses["membership"]()).ShouldBe(HttpStatusCode.OK);
        (await uses["service account"]()).ShouldBe(HttpStatusCode.OK);
        (await uses["session"]()).ShouldBe(HttpStatusCode.OK);

        await Task.WhenAll(
            TimeAsync("token", () => here.Services.GetRequiredService<TokenAdmin>().RevokeAsync(here.Owner, token.Token.Id, Cancelled), uses["token"], HttpStatusCode.Unauthorized, promised),
            TimeAsync("role", () => ChangeAsync(here, demoted, (c, m) => m.ExecuteUpdateAsync(set => set.SetProperty(x => x.Role, Role.Member), c)), uses["role"], HttpStatusCode.Forbidden, promised),
            TimeAsync("membership", () => ChangeAsync(here, removed, (c, m) => m.ExecuteDeleteAsync(c)), uses["membership"], HttpStatusCode.Unauthorized, promised),
            TimeAsync("service account", () => DisableAsync(account), uses["service account"], HttpStatusCode.Unauthorized, promised),
            TimeAsync("session", () => here.Services.GetRequiredService<SessionAdmin>().RevokeAsync(visitor.SignedIn(here), visitor.SignedIn(here).Session, Cancelled),
                uses["session"], HttpStatusCode.Found, promised));
    }

    private static async Task TimeAsync(string what, Func<Task> revoke, Func<Task<HttpStatusCode>> use, HttpStatusCode refusal, TimeSpan promised)
    {
        await revoke();
        var since = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(async () => await use() == refusal, $"the other replica refuses what was taken away ({what})", promised, Cancelled);
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: refused elsewhere {TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms after the revocation");
    }

    /// <summary>From now on whoever notifies calls a function that does nothing: the connection stands, and nothing comes.</summary>
    private async Task SilenceAsync(GatewayFixture here)
    {
        string connectionString = here.ConnectionString;
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var function = database.CreateCommand("CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''");
        await function.ExecuteNonQueryAsync(Cancelled);
        await using var path = database.CreateCommand($"ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(connectionString).Database}\" SET search_path = public, pg_catalog");
        await path.ExecuteNonQueryAsync(Cancelled);
        // Sessions that are open keep the old path, and the schema's owner may not end those of the logins.
        await using var admin = NpgsqlDataSource.Create(await postgres.GetAdminConnectionStringAsync(new NpgsqlConnectionStringBuilder(connectionString).Database!));
        await using var end = admin.CreateCommand("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await end.ExecuteNonQueryAsync(Cancelled);
        // Neither pool may hand out one of those that were ended.
        Databases databases = here.Services.GetRequiredService<Databases>();
        databases.App.Clear();
        databases.Engine.Clear();
    }

    private static async Task DisableAsync(TestAccount account) =>
        (await account.Gateway.ApiAsync(HttpMethod.Patch, $"/api/service-accounts/{account.Id}", new { enabled = false })).Status.ShouldBe(HttpStatusCode.OK);

    /// <summary>As whoever administers members writes it.</summary>
    private static async Task ChangeAsync(GatewayFixture gateway, Colleague member, Func<CancellationToken, IQueryable<Mcpx.Data.Identity.MemberRow>, Task<int>> change) =>
        (await gateway.Services.GetRequiredService<ChangeWriter>().WriteRevocationAsync(DataScope.Of(member.Membership!.Organization.Id), new Change(ChangeKind.Member, member.User.Id.Value),
            async context => await change(Cancelled, context.Members.Where(m => m.UserId == member.User.Id)) == 1 ? Mcpx.Data.Audit.Written.As((Mcpx.Core.Audit.AdminEntry?)null) : null, Cancelled)).ShouldBeTrue();
}
