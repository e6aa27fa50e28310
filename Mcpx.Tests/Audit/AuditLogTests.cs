using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit;

/// <summary>Who reads the audit log, how, and that nobody changes it.</summary>
public sealed class AuditLogTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_changes_at_once_leave_fifty_entries_that_follow_from_each_other()
    {
        const int Many = 50;
        var trail = await AuditTrail.CreateAsync(gateway, "many");
        var id = (string)(await trail.SendAsync("POST", "/api/servers", new { name = "Start", slug = "start", url = "http://127.0.0.1:9/mcp" })).Json["id"]!;

        // Fifty wait for sixteen connections, and whoever waits too long is told so: then nothing has happened.
        await Task.WhenAll(Enumerable.Range(0, Many).Select(async i =>
        {
            while ((await trail.SendAsync("PATCH", $"/api/servers/{id}", new { description = $"by {i}" }, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.InternalServerError)).Status != HttpStatusCode.OK) { }
        }));

        var entries = await trail.EntriesAsync("&action=server.update");
        entries.Count.ShouldBe(Many);
        // Each began where another ended, whatever its author had seen: before that, nothing; after the last, what is there.
        List<string> before = [.. entries.Select(e => (string)e["before"]!["description"]!)], after = [.. entries.Select(e => (string)e["after"]!["description"]!)];
        var now = (string)(await trail.SendAsync("GET", $"/api/servers/{id}")).Json["description"]!;
        after.ShouldBeUnique();
        before.Append(now).ShouldBe(after.Append(""), ignoreOrder: true);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_and_filters_find()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "pages");
        List<string> ids = [];
        for (int i = 0; i < 7; i++) ids.Add((string)(await trail.SendAsync("POST", "/api/servers", new { name = $"S{i}", slug = $"s{i}", url = "http://127.0.0.1:9/mcp" })).Json["id"]!);
        await trail.SendAsync("PATCH", $"/api/servers/{ids[3]}", new { enabled = false });
        var all = (await trail.EntriesAsync()).Select(e => (string)e["id"]!).ToList();

        List<string> paged = [];
        string? cursor = "";
        do
        {
            var page = await trail.SendAsync("GET", $"/api/audit/changes?size=3{(cursor.Length == 0 ? "" : $"&cursor={cursor}")}");
            paged.AddRange(page.Json["items"]!.AsArray().Select(e => (string)e!["id"]!));
            cursor = (string?)page.Json["next"];
        }
        while (cursor is not null);
        paged.ShouldBe(all);
        all.Count.ShouldBe(1 + 1 + 1 + 7 + 1);

        (await trail.EntriesAsync("&action=server")).Count.ShouldBe(8);
        (await trail.EntriesAsync("&action=server.update")).Count.ShouldBe(1);
        (await trail.EntriesAsync($"&subject={ids[3]}")).Count.ShouldBe(2);
        (await trail.EntriesAsync($"&actor={trail.Owner.User.Id}&action=server")).Count.ShouldBe(8);
        (await trail.EntriesAsync($"&actor={Guid.CreateVersion7()}")).ShouldBeEmpty();
        (await trail.EntriesAsync("&from=2100-01-01T00:00:00Z")).ShouldBeEmpty();
        (await trail.EntriesAsync("&to=2000-01-01T00:00:00Z")).ShouldBeEmpty();
        foreach (var wrong in new[] { "cursor=nonsense", "actor=me", "subject=1", "log=other", "action=" + new string('x', 65) })
            (await trail.SendAsync("GET", $"/api/audit/changes?{wrong}")).Status.ShouldBe(HttpStatusCode.BadRequest, wrong);
    }

    [Fact]
    public async Task Each_organisation_reads_its_own_log_and_only_operators_the_installations()
    {
        var ours = await AuditTrail.CreateAsync(gateway, "ours");
        var theirs = await AuditTrail.CreateAsync(gateway, "theirs");
        var id = (string)(await ours.SendAsync("POST", "/api/servers", new { name = "Secret plan", slug = "plan", url = "http://127.0.0.1:9/mcp" })).Json["id"]!;

        (await theirs.EntriesAsync()).Select(e => e.ToJsonString()).ShouldAllBe(e => !e.Contains("Secret plan", StringComparison.Ordinal));
        (await theirs.EntriesAsync($"&subject={id}")).ShouldBeEmpty();
        (await theirs.SendAsync("GET", "/api/audit/changes?log=installation")).Status.ShouldBe(HttpStatusCode.Forbidden);
        var member = await Colleague.CreateAsync(gateway, Role.Member, organization: ours.Owner.Organization);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/audit/changes", null, member.Token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        var operatorsAdmin = await Colleague.CreateAsync(gateway, Role.Admin);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/audit/changes?log=installation", null, operatorsAdmin.Token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/audit/changes?log=installation")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_entry_outlives_what_it_is_about_and_who_did_it()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "outlive");
        var admin = await Colleague.CreateAsync(gateway, Role.Admin, organization: trail.Owner.Organization);
        var made = await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "Short", slug = "short", url = "http://127.0.0.1:9/mcp" }, admin.Token);
        await trail.SendAsync("DELETE", $"/api/servers/{made.Json["id"]}", null, HttpStatusCode.NoContent);
        await Colleague.ExecuteAsync(gateway, "DELETE FROM users WHERE id = $1", admin.User.Id.Value);

        var entry = (await trail.EntriesAsync("&action=server.create")).ShouldHaveSingleItem();
        (((string?)entry["actor"]!["name"]), (string?)entry["subject"]!["name"], (string?)entry["after"]!["slug"]).ShouldBe((admin.User.Name, "Short", "short"));
    }

    [Fact]
    public async Task The_logins_that_serve_add_to_the_log_and_change_nothing_of_it()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "immutable");
        var databases = gateway.Services.GetRequiredService<Databases>();
        foreach (var (source, attacks) in new[]
                 {
                     (databases.App, new[] { "UPDATE admin_entries SET action = 'x'", "DELETE FROM admin_entries", "TRUNCATE admin_entries", "ALTER TABLE admin_entries DISABLE ROW LEVEL SECURITY", "DROP TABLE admin_entries" }),
                     (databases.Engine, new[] { "UPDATE admin_entries SET action = 'x'", "TRUNCATE admin_entries" }),
                 })
        {
            await using var connection = await source.OpenConnectionAsync(Cancelled);
            await using (NpgsqlCommand scope = new("SELECT set_config('mcpx.org_id', $1, false)", connection) { Parameters = { new() { Value = trail.Owner.Organization.Id.ToString() } } })
                await scope.ExecuteNonQueryAsync(Cancelled);
            foreach (var attack in attacks)
            {
                await using NpgsqlCommand command = new(attack, connection);
                (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, attack);
            }
        }

        (await trail.EntriesAsync()).Count.ShouldBe(3);
    }

    /// <summary>A person's scope may note what that person does, where they belong.</summary>
    [Theory]
    [InlineData("foreign organisation")]
    [InlineData("another person")]
    [InlineData("no organisation")]
    public async Task Nobody_plants_an_entry_where_it_does_not_belong(string where)
    {
        var trail = await AuditTrail.CreateAsync(gateway, "planted-" + where.Split(' ')[0]);
        await using var app = await gateway.Services.GetRequiredService<Databases>().App.OpenConnectionAsync(Cancelled);
        await using (NpgsqlCommand scope = new("SELECT set_config('mcpx.user_id', $1, false)", app) { Parameters = { new() { Value = trail.Owner.User.Id.ToString() } } })
            await scope.ExecuteNonQueryAsync(Cancelled);
        await using NpgsqlCommand plant = new("""
            INSERT INTO admin_entries (id, org_id, time, actor_kind, actor_id, actor_name, credential_kind, action, subject_kind, subject_name)
            VALUES (gen_random_uuid(), $1, now(), 1, $2, 'x', 0, 'server.delete', 'server', 'x')
            """, app);
        object organization = where switch { "foreign organisation" => gateway.Owner.Organization.Value, "no organisation" => DBNull.Value, _ => trail.Owner.Organization.Id.Value };
        plant.Parameters.Add(new() { Value = organization, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        plant.Parameters.Add(new() { Value = where == "another person" ? Guid.CreateVersion7() : trail.Owner.User.Id.Value });

        (await Should.ThrowAsync<PostgresException>(() => plant.ExecuteNonQueryAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task A_sign_in_is_noted_in_each_organisation_of_the_person_or_does_not_happen()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "several");
        var second = await gateway.Services.GetRequiredService<OrganizationAdmin>().CreateAsync(trail.Owner.User.Id, new NewOrganization("Second", "several-second"), Cancelled);
        var link = await gateway.SignInLinkAsync(trail.Owner.User.Id);

        await trail.FailWithoutEntryAsync(async () => ((int)(await gateway.SendAsync(HttpMethod.Get, link, null, "")).Status).ShouldBeGreaterThanOrEqualTo(500));
        await CookieVisitor.SignInAsync(gateway, trail.Owner.User.Id);

        foreach (var organization in new[] { trail.Owner.Organization.Id, second.Organization.Id })
            (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM admin_entries WHERE org_id = $1 AND action = 'session.sign-in'", organization.Value)).ShouldBe(1L);
        var alone = await Colleague.CreateAloneAsync(gateway, "Alone");
        await CookieVisitor.SignInAsync(gateway, alone.User.Id);
        (await Colleague.QueryAsync(gateway, "SELECT actor_name FROM admin_entries WHERE org_id IS NULL AND actor_id = $1", alone.User.Id.Value)).ShouldBe("Alone");
        (await Colleague.QueryAsync(gateway, "SELECT bool_and(substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')) FROM admin_entries")).ShouldBe(true);
    }

    [Fact]
    public async Task Refused_sign_ins_are_counted_and_fill_no_disk()
    {
        var clock = new TestClock();
        var store = gateway.Services.GetRequiredService<IAdminEntryStore>();
        using var refused = new RefusedSignIns(store, clock, NullLogger<RefusedSignIns>.Instance);
        RequestOrigin From(string address) => RequestOrigin.Of(UsedCredential.None, address, "bot");

        for (int i = 0; i < 500; i++) await refused.NoteAsync("flood", "domainNotAdmitted", From($"2001:db8::{i:x}"));
        (await FloodAsync()).ShouldBe(["1"]);
        for (int i = 0; i < 3 * RefusedSignIns.MostKinds; i++) await refused.NoteAsync("flood", "domainNotAdmitted", From($"198.51.{i / 200}.{i % 200}"));
        (await FloodAsync()).Count.ShouldBe(RefusedSignIns.MostKinds);
        await refused.FlushAsync();
        (await FloodAsync()).ShouldContain("499");
        (await Colleague.QueryAsync(gateway, "SELECT sum((after->>'times')::int) FROM admin_entries WHERE action = 'session.refused' AND after->>'reason' = 'several'"))
            .ShouldBe((long)(2 * RefusedSignIns.MostKinds + 1));

        async Task<List<string>> FloodAsync() => [.. (await store.ListAsync(null, new AdminEntryFilter("session.refused", Size: 200), Cancelled)).Items
            .Where(e => e.Subject.Name == "flood").Select(e => JsonNode.Parse(e.After!)!["times"]!.ToJsonString())];
    }

    [Fact]
    public async Task A_credential_is_noted_once_for_each_address_it_comes_from()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "addresses");
        var caller = new Caller(trail.Owner.Organization, new Principal.Person(trail.Owner.User), Role.Owner, TokenScopes.All, DateTimeOffset.MaxValue) { Token = EntityId.New<TokenId>(TimeProvider.System), TokenName = "roaming" };
        // Two replicas, each with a memory of its own.
        var here = gateway.Services.GetRequiredService<NewAddresses>();
        using NewAddresses there = new(gateway.Services.GetRequiredService<IAdminEntryStore>(), TimeProvider.System, NullLogger<NewAddresses>.Instance);
        await there.StartAsync(Cancelled);
        foreach (var replica in new[] { here, there })
        {
            foreach (var address in new[] { "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2" })
                replica.Note(caller, IPAddress.Parse(address), "agent/1");
        }

        await Eventually.TrueAsync(async () => (await NotedAsync()).Count >= 3, "the addresses are noted", null, Cancelled);
        (await NotedAsync()).ShouldBe(["192.0.2.1", "192.0.2.2", "2001:db8::/64"], ignoreOrder: true);
        for (int i = 0; i < NewAddresses.MostPerCredential + 20; i++) here.Note(caller, IPAddress.Parse($"198.51.100.{i}"), null);
        await Eventually.TrueAsync(async () => (await NotedAsync()).Count == NewAddresses.MostPerCredential, "as many as may be are noted", null, Cancelled);
        await there.StopAsync(Cancelled);

        async Task<List<string>> NotedAsync() => [.. (await trail.EntriesAsync($"&subject={caller.Token}")).Select(e => (string)e["address"]!)];
    }

    [Fact]
    public async Task What_people_type_comes_back_as_they_typed_it()
    {
        var trail = await AuditTrail.CreateAsync(gateway, "hostile");
        const string Name = "\u202eevil <b>\"quoted\"</b> 名前 \ud83d\ude00";
        var id = (string)(await trail.SendAsync("POST", "/api/servers", new { name = "Plain", slug = "plain", url = "http://127.0.0.1:9/mcp" })).Json["id"]!;
        await trail.SendAsync("PATCH", $"/api/servers/{id}", new { description = Name + new string('x', 500) }, HttpStatusCode.OK);
        ((string?)(await trail.EntriesAsync("&action=server.update"))[0]["after"]!["description"]).ShouldBe(Name + new string('x', 500));
    }

    [Fact]
    public void A_value_that_is_too_long_is_kept_as_its_digest()
    {
        var change = TestChanges.In(gateway.Owner.Organization);
        var entry = change.Between(new AuditView("x").With("text", "short"), new AuditView("x").With("text", new string('y', 2 * AuditView.LongestValue))).ShouldNotBeNull();
        entry.Before.ShouldBe("""{"text":"short"}""");
        entry.After!.Length.ShouldBeLessThan(200);
        JsonNode.Parse(entry.After)!["text"]!["characters"]!.GetValue<int>().ShouldBe(2 * AuditView.LongestValue + 2);
        change.Between(new AuditView("x").With("a", 1), new AuditView("x").With("a", 1)).ShouldBeNull();
        change.Between(null, new AuditView("x").With("a", 1).With("b", (string?)null)).ShouldNotBeNull().After.ShouldBe("""{"a":1}""");
    }
}
