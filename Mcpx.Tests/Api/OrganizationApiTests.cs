using System.Net;
using System.Text;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

public sealed class OrganizationApiTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_organisation_is_renamed_and_keeps_its_slug()
    {
        (await gateway.ApiAsync(HttpMethod.Patch, "/api/organization", new { name = "  Büro GmbH " })).Json["name"]!.GetValue<string>().ShouldBe("Büro GmbH");
        HttpAnswer seen = await gateway.ApiAsync(HttpMethod.Get, "/api/organization");
        ((string?)seen.Json["name"]).ShouldBe("Büro GmbH");
        ((string?)seen.Json["slug"]).ShouldBe("home");
        foreach (object body in new object[] { new { name = " " }, new { name = "a\nb" }, new { name = "a\0" }, new { name = new string('x', 101) }, new { slug = "other" }, new { name = "x", slug = "y" } })
            ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Patch, "/api/organization", body), 400);
    }

    [Fact]
    public async Task The_last_owner_stays_whatever_is_tried()
    {
        string me = $"/api/members/{gateway.Owner.User!.Value}";
        await Colleague.ExecuteAsync(gateway, "UPDATE members SET role = 0 WHERE role = 2 AND user_id <> $1", gateway.Owner.User!.Value.Value);

        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Patch, me, new { role = "admin" }), 409);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Delete, me), 409);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/members")).Body.ShouldContain("\"owner\"");
        Colleague second = await Colleague.CreateAsync(gateway, Role.Owner);
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{second.User.Id}", new { role = "member" })).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_role_that_was_taken_away_is_gone_with_the_next_request()
    {
        Colleague admin = await Colleague.CreateAsync(gateway, Role.Admin);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/invitations", null, admin.Token)).Status.ShouldBe(HttpStatusCode.OK);

        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{admin.User.Id}", new { role = "member" })).Status.ShouldBe(HttpStatusCode.OK);

        (await gateway.ApiAsync(HttpMethod.Get, "/api/invitations", null, admin.Token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{admin.User.Id}", null, admin.Token)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await gateway.ApiAsync(HttpMethod.Get, "/api/members", null, admin.Token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_role_that_comes_from_groups_is_not_changed_here()
    {
        Colleague grouped = await Colleague.CreateAsync(gateway, Role.Member);
        await Colleague.ExecuteAsync(gateway, "UPDATE members SET from_groups = true WHERE user_id = $1", grouped.User.Id.Value);

        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{grouped.User.Id}", new { role = "admin" }), 409);
        // The role that it is already is no change, and leaves the place the groups'.
        (await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{grouped.User.Id}", new { role = "member" })).Json["fromGroups"]!.GetValue<bool>().ShouldBeTrue();
        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{grouped.User.Id}")).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Members_are_listed_page_by_page()
    {
        for (int i = 0; i < 3; i++) await Colleague.CreateAsync(gateway, Role.Member);
        List<string> seen = [];
        string? after = "";
        while (after is not null)
        {
            HttpAnswer page = await gateway.ApiAsync(HttpMethod.Get, $"/api/members?size=2{(after.Length > 0 ? "&after=" + after : "")}");
            seen.AddRange(page.Json["items"]!.AsArray().Select(m => m!["user"]!.GetValue<string>()));
            after = (string?)page.Json["next"];
        }

        seen.Count.ShouldBeGreaterThan(3);
        seen.ShouldBeUnique();
        seen.ShouldContain(gateway.Owner.User!.Value.ToString());
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Get, "/api/members?after=nobody"), 400);
    }

    [Fact]
    public async Task A_person_makes_organisations_within_bounds_and_no_slug_twice()
    {
        OrganizationAdmin admin = gateway.Services.GetRequiredService<OrganizationAdmin>();
        Colleague ada = await Colleague.CreateAloneAsync(gateway, "Ada");

        (await admin.CreateAsync(ada.User.Id, new NewOrganization("Acme", "acme"), Cancelled)).Role.ShouldBe(Role.Owner);
        (await Should.ThrowAsync<RefusalException.Conflict>(() => admin.CreateAsync(ada.User.Id, new NewOrganization("Acme", "acme"), Cancelled))).Field.ShouldBe("slug");
        foreach (string slug in Organization.ReservedSlugs.Append("").Append("A").Append("a b").Append("../x"))
            await Should.ThrowAsync<RefusalException.Invalid>(() => admin.CreateAsync(ada.User.Id, new NewOrganization("Acme", slug), Cancelled), slug);
        await Should.ThrowAsync<RefusalException.Forbidden>(() => admin.CreateAsync(EntityId.New<UserId>(TimeProvider.System), new NewOrganization("x", "not-made"), Cancelled));
        for (int i = 1; i < OrganizationAdmin.MostPerOwner; i++) await admin.CreateAsync(ada.User.Id, new NewOrganization("Acme", $"acme-{i}"), Cancelled);
        await Should.ThrowAsync<RefusalException.Conflict>(() => admin.CreateAsync(ada.User.Id, new NewOrganization("Acme", "one-more"), Cancelled));
    }

    [Fact]
    public async Task A_deleted_organisation_leaves_nothing_but_its_people()
    {
        OrganizationAdmin admin = gateway.Services.GetRequiredService<OrganizationAdmin>();
        Colleague ada = await Colleague.CreateAloneAsync(gateway, "Ada", "ada@example.com");
        Membership doomed = await admin.CreateAsync(ada.User.Id, new NewOrganization("Doomed", "doomed"), Cancelled);
        string token = (await gateway.Services.GetRequiredService<TokenAdmin>().CreateAsync(Actor.Of(doomed, TestChanges.Origin), new NewToken("t", TokenScopes.All.ToNames()), Cancelled)).Text.Reveal();
        await using FakeUpstream upstream = await FakeUpstream.StartAsync();
        (await gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "s", slug = "s", url = upstream.Url.ToString(), credential = new { kind = "bearer", secret = "a-secret-of-some-length" } }, token)).Status.ShouldBe(HttpStatusCode.Created);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/gateways", new { name = "g", slug = "g", members = new[] { new { server = "s" } } }, token)).Status.ShouldBe(HttpStatusCode.Created);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email = "x@example.com" }, token)).Status.ShouldBe(HttpStatusCode.Created);
        for (int i = 0; i < 3; i++) await CallAsync("/mcp/doomed/server/s", token);
        await gateway.PostAsync((await gateway.AddUpstreamAsync(upstream.Url)).Slug, Mcp.Call("kept"));
        Guid id = doomed.Organization.Id.Value;
        (await gateway.ApiAsync(HttpMethod.Get, "/api/calls", null, token)).Json["items"]!.AsArray().Count.ShouldBe(3);

        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Delete, "/api/organization?name=doomed", null, token), 400);
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Delete, "/api/organization", null, token), 400);
        (await gateway.ApiAsync(HttpMethod.Delete, "/api/organization?name=Doomed", null, token)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await gateway.ApiAsync(HttpMethod.Get, "/api/organization", null, token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await CallAsync("/mcp/doomed/server/s", token)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await CallAsync("/mcp/doomed/server/s", gateway.Token)).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.NotFound);
        await Eventually.TrueAsync(async () => (await RowsOfAsync(id)).Count == 0, "nothing of the organisation is left", null, Cancelled);
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM users WHERE id = $1", ada.User.Id.Value)).ShouldBe(1L);
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM call_payloads")).ShouldNotBe(0L);
        (await admin.CreateAsync(ada.User.Id, new NewOrganization("Doomed", "doomed"), Cancelled)).Organization.Id.ShouldNotBe(doomed.Organization.Id);
    }

    private Task<HttpAnswer> CallAsync(string path, string token) => gateway.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(Mcp.Call("x")), token);

    /// <summary>Every table with an organisation in it, by the catalogue: one that comes later is asked too.</summary>
    private async Task<List<string>> RowsOfAsync(Guid organization)
    {
        string tables = (string)(await Colleague.QueryAsync(gateway, """
            SELECT string_agg(table_name, ',') FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
            WHERE table_schema = 'public' AND column_name = 'org_id' AND table_type = 'BASE TABLE'
            """))!;
        tables.Split(',').Length.ShouldBeGreaterThan(10);
        List<string> left = [];
        foreach (string table in tables.Split(','))
        {
            if ((long)(await Colleague.QueryAsync(gateway, $"SELECT count(*) FROM \"{table}\" WHERE org_id = $1", organization))! > 0) left.Add(table);
        }

        return left;
    }
}
