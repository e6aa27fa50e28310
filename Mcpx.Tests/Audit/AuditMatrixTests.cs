using System.Net;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.SignIn;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit;

/// <summary>
/// Every action of the audit log through a door by which it is done: one entry with what was before and after, or no
/// change either. An action that nothing here leads to fails the build.
/// </summary>
public sealed class AuditMatrixTests(SignInFixture signIn) : IClassFixture<SignInFixture>
{
    private const string Nowhere = "http://127.0.0.1:9/mcp";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private GatewayFixture Gateway => signIn.Gateway;

    [Fact]
    public async Task Every_action_leaves_its_entry_or_does_not_happen()
    {
        var trail = await AuditTrail.CreateAsync(Gateway, "matrix");
        var crm = await ServersAsync(trail);
        await GatewaysAsync(trail);
        await GovernanceAsync(trail, crm);
        await PolicyEngineAsync(trail);
        await DefinitionsAsync(trail);
        await TokensAsync(trail);
        await ServiceAccountsAsync(trail);
        await PeopleAsync(trail);
        await OrganizationAsync(trail);
        await trail.ExpectAsync(AdminAction.ServerDelete, () => trail.SendAsync("DELETE", $"/api/servers/{crm}"));
        string[] others = [.. await new AuditedPeople(signIn).ActionsAsync(), .. await InstallationAsync(trail)];

        trail.Seen.Concat(others).Distinct().ShouldBe(AdminAction.All.Select(a => a.Name), ignoreOrder: true);
    }

    private static async Task<string> ServersAsync(AuditTrail trail)
    {
        var made = await trail.ExpectAsync(AdminAction.ServerCreate, () => trail.SendAsync("POST", "/api/servers",
            new { name = "CRM", slug = "crm", url = Nowhere, tags = new[] { "sales" }, credential = new { kind = "bearer", secret = "first-secret-1111" } }));
        var id = (string)made["subject"]!["id"]!;
        made["before"].ShouldBeNull();
        made["after"]!.Plain().ShouldBe("""
            {"name":"CRM","slug":"crm","url":"http://127.0.0.1:9/mcp","description":"","enabled":true,"timeoutSeconds":60,"limits.firstByteSeconds":30,"limits.answerMebibytes":10,"limits.concurrentCalls":256,"tags":["sales"],"headers":[],"toolPrefix":"","propagateTrace":false,"credential.kind":"bearer","credential.secret":"••••1111"}
            """);
        await trail.ExpectAsync(AdminAction.ServerUpdate, "CRM", """{"description":"","tags":["sales"]}""", """{"description":"Deals","tags":["eu","sales"]}""",
            () => trail.SendAsync("PATCH", $"/api/servers/{id}", new { description = "Deals", tags = new[] { "sales", "eu" } }));
        await trail.ExpectAsync(AdminAction.ServerUpdate, "CRM", """{"owner":null}""", $$"""{"owner":"{{trail.Owner.User.Name}}"}""",
            () => trail.SendAsync("PATCH", $"/api/servers/{id}", new { owner = trail.Owner.User.Id.ToString() }));
        // The same secret again: that somebody entered it is told, whatever it is.
        await trail.ExpectAsync(AdminAction.ServerUpdate, "CRM", """{"credential.secret":"••••1111"}""", """{"credential.secret":"••••1111 (entered anew)"}""",
            () => trail.SendAsync("PATCH", $"/api/servers/{id}", new { credential = new { kind = "bearer", secret = "first-secret-1111" } }));
        await trail.NothingAsync(() => trail.SendAsync("PATCH", $"/api/servers/{id}", new { description = "Deals" }), HttpStatusCode.OK);
        await trail.NothingAsync(() => trail.SendAsync("PATCH", $"/api/servers/{id}", new { slug = "Not A Slug" }), HttpStatusCode.BadRequest);
        await trail.NothingAsync(() => trail.SendAsync("POST", "/api/servers", new { name = "Other", slug = "crm", url = Nowhere }), HttpStatusCode.Conflict);
        await trail.NothingAsync(() => trail.SendAsync("DELETE", $"/api/servers/{Guid.CreateVersion7()}"), HttpStatusCode.NotFound);
        return id;
    }

    private static async Task GatewaysAsync(AuditTrail trail)
    {
        var made = await trail.ExpectAsync(AdminAction.GatewayCreate, () => trail.SendAsync("POST", "/api/gateways", new { name = "Desk", slug = "desk", members = new[] { new { server = "crm", prefix = "crm_" } } }));
        var id = (string)made["subject"]!["id"]!;
        made["after"]!["members"]!.Plain().ShouldBe("""["crm"]""");
        await trail.ExpectAsync(AdminAction.GatewayUpdate, "Desk", """{"members.crm.prefix":"crm_","members.crm.tools":null,"members.crm.overrides":null}""",
            """{"members.crm.prefix":"c_","members.crm.tools":["find"],"members.crm.overrides":["find as look"]}""",
            () => trail.SendAsync("PATCH", $"/api/gateways/{id}", new { members = new[] { new { server = "crm", prefix = "c_", tools = new[] { "find" }, overrides = new[] { new { tool = "find", name = "look" } } } } }));
        await trail.NothingAsync(() => trail.SendAsync("PATCH", $"/api/gateways/{id}", new { name = "x", ifUpdatedAt = "2020-01-01T00:00:00Z" }), HttpStatusCode.Conflict);
        var gone = await trail.ExpectAsync(AdminAction.GatewayDelete, () => trail.SendAsync("DELETE", $"/api/gateways/{id}"));
        (gone["before"]!["slug"]!.GetValue<string>(), gone["after"]).ShouldBe(("desk", null));
    }

    private static async Task GovernanceAsync(AuditTrail trail, string crm)
    {
        var me = new { kind = "member", id = trail.Owner.User.Id.ToString() };
        await trail.ExpectAsync(AdminAction.RulesReplace, "CRM", """{"mode":"none","rules":[]}""",
            $$"""{"mode":"allowlist","rules":["find*","pay for the member {{trail.Owner.User.Name}} when $.amount ≤ 10, log only"]}""",
            () => trail.SendAsync("PUT", $"/api/servers/{crm}/governance", new
            {
                mode = "allowlist",
                rules = new object[] { new { tool = "find*" }, new { tool = "pay", @for = me, logOnly = true, conditions = new[] { new { path = "$.amount", @operator = "lessOrEqual", value = 10 } } } },
            }));
        await trail.ExpectAsync(AdminAction.OrganizationUpdate, "Org matrix", """{"newServersClosed":false}""", """{"newServersClosed":true}""",
            () => trail.SendAsync("PUT", "/api/governance/settings", new { newServersClosed = true, explainRefusals = true }));
        await trail.ExpectAsync(AdminAction.OrganizationUpdate, "Org matrix", """{"recording":"standard"}""", """{"recording":"strict"}""",
            () => trail.SendAsync("PUT", "/api/recording", new { mode = "strict" }));
        await trail.ExpectAsync(AdminAction.RetentionReplace, "Org matrix", """{"payloadDays":90}""", """{"payloadDays":30}""",
            () => trail.SendAsync("PUT", "/api/retention", new { payloadDays = 30, recordDays = 400 }));
        await trail.NothingAsync(() => trail.SendAsync("PUT", "/api/retention", new { payloadDays = 30, recordDays = 29 }), HttpStatusCode.BadRequest);
        await trail.ExpectAsync(AdminAction.MetricRetentionReplace, "Org matrix", """{"minuteDays":30,"dayDays":1826}""", """{"minuteDays":60,"dayDays":2000}""",
            () => trail.SendAsync("PUT", "/api/metrics/retention", new { eventDays = 7, minuteDays = 60, hourDays = 400, dayDays = 2000 }));
        await trail.NothingAsync(() => trail.SendAsync("PUT", "/api/metrics/retention", new { eventDays = 7, minuteDays = 6, hourDays = 400, dayDays = 2000 }), HttpStatusCode.BadRequest);
        var hold = await trail.ExpectAsync(AdminAction.HoldCreate, () => trail.SendAsync("POST", "/api/legal-holds", new { name = " Case 12 ", tool = "pay", from = "2026-01-01T00:00:00Z" }));
        (((string?)hold["subject"]!["name"]), hold["after"]!.Plain()).ShouldBe(("Case 12", """{"tool":"pay","from":"2026-01-01T00:00:00+00:00"}"""));
        await trail.ExpectAsync(AdminAction.HoldRelease, "Case 12", """{"tool":"pay","from":"2026-01-01T00:00:00+00:00"}""", null,
            () => trail.SendAsync("DELETE", $"/api/legal-holds/{hold["subject"]!["id"]}"));
        await trail.ExpectAsync(AdminAction.RedactionReplace, "CRM", """{"payloads":"redacted","rules":[]}""", """{"payloads":"full","rules":["key:pin hash"]}""",
            () => trail.SendAsync("PUT", $"/api/servers/{crm}/redaction", new { payloads = "full", rules = new[] { new { kind = "key", value = "pin", mode = "hash" } } }));
        (await trail.ExpectAsync(AdminAction.RedactionReplace, () => trail.SendAsync("PUT", "/api/redaction", new { rules = new[] { new { kind = "detector", value = "card", mode = "drop" } } })))["after"]!.Plain()
            .ShouldBe("""{"rules":["detector:card drop"]}""");
        await trail.ExpectAsync(AdminAction.RedactionReplace, () => trail.SendAsync("DELETE", "/api/redaction"));
        var made = await trail.ExpectAsync(AdminAction.LimitCreate, () => trail.SendAsync("POST", "/api/limits", new { server = crm, tool = "pay", perMinute = 5 }));
        made["after"]!.Plain().ShouldBe("""{"server":"crm","tool":"pay","for":"for everyone","eachCaller":true,"perMinute":5}""");
        var limit = (string)made["subject"]!["id"]!;
        await trail.ExpectAsync(AdminAction.LimitUpdate, "pay", """{"for":"for everyone","perMinute":5,"atOnce":null}""", """{"for":"for the role admin","perMinute":null,"atOnce":2}""",
            () => trail.SendAsync("PUT", $"/api/limits/{limit}", new { server = crm, tool = "pay", @for = new { kind = "role", role = "admin" }, atOnce = 2 }));
        await trail.ExpectAsync(AdminAction.LimitDelete, () => trail.SendAsync("DELETE", $"/api/limits/{limit}"));
        await trail.ExpectAsync(AdminAction.CallsExport, "Calls", null, """{"format":"csv","filter":"server=crm&outcome=failed","payloads":true}""",
            () => trail.SendAsync("GET", "/api/calls/export?format=csv&outcome=failed&server=crm&payloads=true"));
        var saved = await trail.ExpectAsync(AdminAction.SavedFilterCreate, () => trail.SendAsync("POST", "/api/calls/filters", new { name = "Slow", query = "minMs=1000" }));
        saved["after"]!.Plain().ShouldBe("""{"query":"minMs=1000"}""");
        await trail.ExpectAsync(AdminAction.SavedFilterDelete, "Slow", """{"query":"minMs=1000"}""", null, () => trail.SendAsync("DELETE", $"/api/calls/filters/{saved["subject"]!["id"]}"));
        var export = await trail.ExpectAsync(AdminAction.ScheduledExportCreate, () => trail.SendAsync("POST", "/api/exports",
            new { name = "nightly", endpoint = "http://127.0.0.1:9", bucket = "calls", accessKeyId = "key", secret = "store-secret-3333", query = "outcome=failed" }));
        export["after"]!.Plain().ShouldBe("""{"period":"day","payloads":false,"endpoint":"http://127.0.0.1:9/","region":"us-east-1","bucket":"calls","prefix":"","accessKeyId":"key","secret":"••••3333","query":"outcome=failed"}""");
        var stream = await trail.ExpectAsync(AdminAction.LogStreamCreate, () => trail.SendAsync("POST", "/api/log-streams",
            new { name = "siem", url = "http://127.0.0.1:9/in", authorization = "Splunk a-long-token-4444", query = "outcome=failed" }));
        stream["after"]!.Plain().ShouldBe("""{"target":"http://127.0.0.1:9/in","authentication":"authorization","secret":"••••4444","query":"outcome=failed","payloads":false,"entries":false}""");
        var way = $"/api/log-streams/{stream["subject"]!["id"]}";
        var paused = await trail.ExpectAsync(AdminAction.LogStreamPause, () => trail.SendAsync("POST", $"{way}/pause"));
        paused["before"]!.Plain().ShouldBe("""{"pausedAt":null}""");
        await trail.ExpectAsync(AdminAction.LogStreamResume, () => trail.SendAsync("POST", $"{way}/resume"));
        await trail.ExpectAsync(AdminAction.LogStreamTest, "siem", null, """{"target":"http://127.0.0.1:9/in"}""", () => trail.SendAsync("POST", $"{way}/test"));
        await trail.ExpectAsync(AdminAction.LogStreamDelete, () => trail.SendAsync("DELETE", $"/api/log-streams/{stream["subject"]!["id"]}"));
        await trail.ExpectAsync(AdminAction.ScheduledExportDelete, () => trail.SendAsync("DELETE", $"/api/exports/{export["subject"]!["id"]}"));
        await trail.ExpectAsync(AdminAction.AllowedHostsReplace, "Org matrix", """{"hosts":[]}""", """{"hosts":["127.0.0.1","*.example.com"]}""",
            () => trail.SendAsync("PUT", "/api/organization/egress", new { hosts = new[] { "127.0.0.1", "*.example.com" } }));
    }

    private static async Task PolicyEngineAsync(AuditTrail trail)
    {
        await trail.ExpectAsync(AdminAction.PolicyEngineReplace, "Org matrix", null,
            """{"url":"https://opa.example.com/v1","enabled":true,"timeoutMilliseconds":500,"cacheSeconds":5,"failOpen":false,"includeArguments":false,"cacheArguments":false,"token":"••••2222"}""",
            () => trail.SendAsync("PUT", "/api/policy-engine", new { url = "https://opa.example.com/v1", token = "engine-token-2222" }));
        await trail.ExpectAsync(AdminAction.PolicyEngineReplace, "Org matrix", """{"failOpen":false}""", """{"failOpen":true}""",
            () => trail.SendAsync("PUT", "/api/policy-engine", new { url = "https://opa.example.com/v1", failOpen = true }));
        await trail.ExpectAsync(AdminAction.PolicyEngineReplace, "Org matrix", """{"token":"••••2222"}""", """{"token":"••••2222 (entered anew)"}""",
            () => trail.SendAsync("PUT", "/api/policy-engine", new { url = "https://opa.example.com/v1", failOpen = true, token = "engine-token-2222" }));
        await trail.ExpectAsync(AdminAction.PolicyEngineDelete, () => trail.SendAsync("DELETE", "/api/policy-engine"));
    }

    private static async Task DefinitionsAsync(AuditTrail trail)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = DashboardVisits.Offering("balance", "transfer");
        upstream.Reading = null;
        var server = (string)(await trail.SendAsync("POST", "/api/servers", new { name = "Bank", slug = "bank", url = upstream.Url.ToString() })).Json["id"]!;
        await Eventually.TrueAsync(async () => (await trail.SendAsync("POST", $"/api/servers/{server}/tool-definitions/refresh")).Status == HttpStatusCode.OK, "the bank is read", null, Cancelled);
        // What is approved on trust alone is taken back, and waits.
        await trail.ExpectAsync(AdminAction.ToolDefinitionsSet, "Bank", """{"reviewFirst":false}""", """{"reviewFirst":true}""",
            () => trail.SendAsync("PUT", $"/api/servers/{server}/tool-definitions", new { mode = "quarantine", reviewFirst = true }));
        var tools = (await trail.SendAsync("GET", $"/api/servers/{server}/tool-definitions")).Json["tools"]!.AsArray();
        object Choice(string tool) => new { tools = new[] { new { tool, hash = (string)tools.Single(t => (string)t!["tool"]! == tool)!["hash"]! } } };
        await trail.ExpectAsync(AdminAction.ToolDefinitionsApprove, "Bank", """{"balance":"new"}""", """{"balance":"approved"}""",
            () => trail.SendAsync("POST", $"/api/servers/{server}/tool-definitions/approve", Choice("balance")));
        await trail.ExpectAsync(AdminAction.ToolDefinitionsReject, "Bank", """{"transfer":"new"}""", """{"transfer":"rejected"}""",
            () => trail.SendAsync("POST", $"/api/servers/{server}/tool-definitions/reject", Choice("transfer")));
        await trail.NothingAsync(() => trail.SendAsync("POST", $"/api/servers/{server}/tool-definitions/approve", Choice("balance")), HttpStatusCode.OK);
        await trail.ExpectAsync(AdminAction.ToolDefinitionsForget, "Bank", """{"transfer":"rejected"}""", null,
            () => trail.SendAsync("POST", $"/api/servers/{server}/tool-definitions/forget", new { tools = new[] { "transfer" } }));
    }

    private static async Task TokensAsync(AuditTrail trail)
    {
        var made = await trail.ExpectAsync(AdminAction.TokenCreate, () => trail.SendAsync("POST", "/api/tokens", new { name = "agent", expiresInDays = 7, endpoints = new[] { "server/crm" } }));
        (made["after"]!["scopes"]!.Plain(), made["after"]!["endpoints"]!.Plain()).ShouldBe(("""["mcp"]""", """["server/crm"]"""));
        var id = (string)made["subject"]!["id"]!;
        var revoked = await trail.ExpectAsync(AdminAction.TokenRevoke, () => trail.SendAsync("DELETE", $"/api/tokens/{id}"));
        (revoked["before"]!.Plain(), ((string?)revoked["subject"]!["name"])).ShouldBe(("""{"revokedAt":null}""", "agent"));
        await trail.NothingAsync(() => trail.SendAsync("DELETE", $"/api/tokens/{id}"), HttpStatusCode.NoContent);
    }

    private static async Task ServiceAccountsAsync(AuditTrail trail)
    {
        var made = await trail.ExpectAsync(AdminAction.ServiceAccountCreate, () => trail.SendAsync("POST", "/api/service-accounts", new { name = "robot" }));
        made["after"]!.Plain().ShouldBe("""{"name":"robot","description":"","role":"member","scopes":["mcp"],"enabled":true}""");
        var id = (string)made["subject"]!["id"]!;
        await trail.ExpectAsync(AdminAction.ServiceAccountUpdate, "robot", """{"scopes":["mcp"],"enabled":true}""", """{"scopes":["mcp","api:read"],"enabled":false}""",
            () => trail.SendAsync("PATCH", $"/api/service-accounts/{id}", new { scopes = new[] { "mcp", "api:read" }, enabled = false }));
        await trail.NothingAsync(() => trail.SendAsync("POST", "/api/service-accounts", new { name = "robot" }), HttpStatusCode.Conflict);
        var secret = await trail.ExpectAsync(AdminAction.ServiceAccountAddSecret, () => trail.SendAsync("POST", $"/api/service-accounts/{id}/secrets", new { expiresInDays = 1 }));
        secret["after"]!["secret"]!.GetValue<string>().Length.ShouldBe(4);
        var one = (await trail.SendAsync("GET", $"/api/service-accounts/{id}")).Json["secrets"]![0]!["id"];
        await trail.ExpectAsync(AdminAction.ServiceAccountRevokeSecret, () => trail.SendAsync("DELETE", $"/api/service-accounts/{id}/secrets/{one}"));
        await trail.ExpectAsync(AdminAction.ServiceAccountDelete, () => trail.SendAsync("DELETE", $"/api/service-accounts/{id}"));
    }

    private async Task PeopleAsync(AuditTrail trail)
    {
        var invited = await trail.ExpectAsync(AdminAction.InvitationCreate, () => trail.SendAsync("POST", "/api/invitations", new { email = "ada@example.com", role = "admin" }));
        (((string?)invited["subject"]!["name"]), (string?)invited["after"]!["role"]).ShouldBe(("ada@example.com", "admin"));
        await trail.ExpectAsync(AdminAction.InvitationResend, () => trail.SendAsync("POST", $"/api/invitations/{invited["subject"]!["id"]}/resend"));
        var revoked = await trail.ExpectAsync(AdminAction.InvitationRevoke, () => trail.SendAsync("DELETE", $"/api/invitations/{invited["subject"]!["id"]}"));
        revoked["before"]!.Plain().ShouldBe("""{"revokedAt":null}""");
        await trail.NothingAsync(() => trail.SendAsync("DELETE", $"/api/invitations/{invited["subject"]!["id"]}"), HttpStatusCode.NotFound);

        var bob = await Colleague.CreateAsync(Gateway, Role.Member, organization: trail.Owner.Organization);
        var name = bob.User.Name;
        await trail.ExpectAsync(AdminAction.MemberRole, name, """{"role":"member"}""", """{"role":"admin"}""",
            () => trail.SendAsync("PATCH", $"/api/members/{bob.User.Id}", new { role = "admin" }));
        await trail.NothingAsync(() => trail.SendAsync("PATCH", $"/api/members/{bob.User.Id}", new { role = "admin" }), HttpStatusCode.OK);
        await trail.NothingAsync(() => trail.SendAsync("PATCH", $"/api/members/{trail.Owner.User.Id}", new { role = "member" }), HttpStatusCode.Conflict);
        await trail.ExpectAsync(AdminAction.MemberRemove, name, """{"role":"admin"}""", null, () => trail.SendAsync("DELETE", $"/api/members/{bob.User.Id}"));
    }

    private static async Task OrganizationAsync(AuditTrail trail)
    {
        await trail.ExpectAsync(AdminAction.OrganizationUpdate, "Org matrix", """{"name":"Org matrix"}""", """{"name":"Matrix"}""",
            () => trail.SendAsync("PATCH", "/api/organization", new { name = "Matrix" }));
        await trail.ExpectAsync(AdminAction.GroupRolesReplace, "Matrix", null, """{"staff":"member","leads":"admin"}""",
            () => trail.SendAsync("PUT", "/api/group-roles", new { items = new[] { new { group = "staff", role = "member" }, new { group = "leads", role = "admin" } } }));
        await trail.ExpectAsync(AdminAction.GroupRolesReplace, "Matrix", """{"leads":"admin","staff":"member"}""", """{"leads":"owner"}""",
            () => trail.SendAsync("PUT", "/api/group-roles", new { items = new[] { new { group = "leads", role = "owner" } } }));
    }

    /// <summary>What is noted where operators read, and that it is noted there.</summary>
    private async Task<IReadOnlyList<string>> InstallationAsync(AuditTrail trail)
    {
        var created = (await trail.EntriesAsync("&action=organization.create")).ShouldHaveSingleItem();
        ((string?)created["actor"]!["name"], (string?)created["after"]!["slug"]).ShouldBe((trail.Owner.User.Name, "matrix"));
        (await Gateway.ApiAsync(HttpMethod.Post, "/api/keys/rotate")).Status.ShouldBe(HttpStatusCode.Accepted);
        (await Gateway.ApiAsync(HttpMethod.Get, "/api/audit/changes?action=keys")).Json["items"]!.AsArray().ShouldHaveSingleItem()!["subject"]!["kind"]!.GetValue<string>().ShouldBe("installation");

        await trail.FailWithoutEntryAsync(async () => ((int)(await trail.SendAsync("DELETE", "/api/organization?name=Matrix")).Status).ShouldBeGreaterThanOrEqualTo(500));
        (await trail.SendAsync("DELETE", "/api/organization?name=Matrix")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Colleague.QueryAsync(Gateway, "SELECT count(*) FROM admin_entries WHERE org_id = $1", trail.Owner.Organization.Id.Value)).ShouldBe(0L);
        var ended = (await Gateway.ApiAsync(HttpMethod.Get, $"/api/audit/changes?log=installation&subject={trail.Owner.Organization.Id}")).Json["items"]!.AsArray().ShouldHaveSingleItem()!;
        (((string?)ended["action"]), (string?)ended["actor"]!["name"], (string?)ended["before"]!["slug"]).ShouldBe(("organization.delete", trail.Owner.User.Name, "matrix"));
        return [AdminAction.OrganizationCreate.Name, AdminAction.KeysRotate.Name, AdminAction.OrganizationDelete.Name];
    }
}
