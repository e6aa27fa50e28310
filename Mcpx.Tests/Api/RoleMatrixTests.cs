using System.Net;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Api;

/// <summary>Every endpoint of the REST door × every role. An endpoint that is not in the table fails the build.</summary>
public sealed class RoleMatrixTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string Nobody = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("D");

    /// <summary>Endpoint, the least role that may use it, and a request that changes nothing when it is let in.</summary>
    private static readonly (string Endpoint, Role Least, string? Query, object? Body)[] Table =
    [
        ("GET /api/audit/changes", Role.Admin, null, null),
        ("GET /api/audit/checkpoints", Role.Admin, null, null),
        ("GET /api/audit/export", Role.Admin, null, null),
        ("POST /api/audit/verify", Role.Admin, null, null),
        ("GET /api/calls", Role.Member, null, null),
        ("GET /api/calls/{id}", Role.Member, null, null),
        ("POST /api/calls/{id}/again", Role.Member, null, new { }),
        ("GET /api/calls/count", Role.Member, null, null),
        ("GET /api/calls/export", Role.Member, "?format=xml", null),
        ("GET /api/calls/filters", Role.Member, null, null),
        ("POST /api/calls/filters", Role.Member, null, new { name = "", query = "" }),
        ("DELETE /api/calls/filters/{id}", Role.Member, null, null),
        ("GET /api/exports", Role.Owner, null, null),
        ("POST /api/exports", Role.Owner, null, new { name = "Not A Slug" }),
        ("DELETE /api/exports/{id}", Role.Owner, null, null),
        ("GET /api/log-streams", Role.Owner, null, null),
        ("POST /api/log-streams", Role.Owner, null, new { name = "Not A Slug" }),
        ("POST /api/log-streams/{id}/pause", Role.Owner, null, null),
        ("POST /api/log-streams/{id}/resume", Role.Owner, null, null),
        ("POST /api/log-streams/{id}/test", Role.Owner, null, null),
        ("DELETE /api/log-streams/{id}", Role.Owner, null, null),
        ("GET /api/gateways", Role.Member, null, null),
        ("GET /api/gateways/{id}", Role.Member, null, null),
        ("GET /api/gateways/{id}/catalog", Role.Member, null, null),
        ("POST /api/gateways", Role.Admin, null, new { name = "x", slug = "Not A Slug" }),
        ("PATCH /api/gateways/{id}", Role.Admin, null, new { name = "x" }),
        ("DELETE /api/gateways/{id}", Role.Admin, null, null),
        ("POST /api/gateways/{id}/refresh", Role.Admin, null, null),
        ("GET /api/servers", Role.Member, null, null),
        ("GET /api/servers/{id}", Role.Member, null, null),
        ("GET /api/servers/{id}/governance", Role.Member, null, null),
        ("POST /api/servers", Role.Admin, null, new { name = "x", slug = "Not A Slug" }),
        ("PATCH /api/servers/{id}", Role.Admin, null, new { name = "x" }),
        ("DELETE /api/servers/{id}", Role.Admin, null, null),
        ("POST /api/servers/{id}/test", Role.Admin, null, null),
        ("POST /api/servers/test", Role.Admin, null, new { url = "nowhere" }),
        ("GET /api/servers/{id}/dependents", Role.Admin, null, null),
        ("PUT /api/servers/{id}/governance", Role.Admin, null, new { mode = "none", tools = Array.Empty<string>() }),
        ("POST /api/servers/{id}/governance/preview", Role.Admin, null, new { governance = new { mode = "none" } }),
        ("POST /api/servers/{id}/governance/replay", Role.Admin, null, new { governance = new { mode = "none" } }),
        ("GET /api/access", Role.Admin, $"?member={Nobody}&server={Nobody}", null),
        ("GET /api/retention", Role.Member, null, null),
        ("PUT /api/retention", Role.Owner, null, new { payloadDays = 0, recordDays = 0 }),
        ("GET /api/metrics/history", Role.Member, null, null),
        ("GET /api/metrics/top", Role.Member, null, null),
        ("GET /api/metrics/compare", Role.Member, null, null),
        ("GET /api/metrics/heatmap", Role.Member, null, null),
        ("GET /api/metrics/retention", Role.Member, null, null),
        ("PUT /api/metrics/retention", Role.Owner, null, new { eventDays = 0, minuteDays = 0, hourDays = 0, dayDays = 0 }),
        ("GET /api/legal-holds", Role.Admin, null, null),
        ("POST /api/legal-holds", Role.Owner, null, new { name = "" }),
        ("DELETE /api/legal-holds/{id}", Role.Owner, null, null),
        ("GET /api/limits", Role.Member, null, null),
        ("POST /api/limits", Role.Admin, null, new { perMinute = 0 }),
        ("PUT /api/limits/{id}", Role.Admin, null, new { perMinute = 1 }),
        ("DELETE /api/limits/{id}", Role.Admin, null, null),
        ("GET /api/redaction", Role.Member, null, null),
        ("PUT /api/redaction", Role.Admin, null, new { rules = new[] { new { kind = "key", value = "pin", mode = "mask" } } }),
        ("DELETE /api/redaction", Role.Admin, null, null),
        ("POST /api/redaction/try", Role.Admin, null, new { sample = "x" }),
        ("GET /api/servers/{id}/redaction", Role.Member, null, null),
        ("PUT /api/servers/{id}/redaction", Role.Admin, null, new { payloads = "redacted", rules = Array.Empty<object>() }),
        ("GET /api/recording", Role.Member, null, null),
        ("PUT /api/recording", Role.Admin, null, new { mode = "standard" }),
        ("GET /api/governance/settings", Role.Member, null, null),
        ("PUT /api/governance/settings", Role.Admin, null, new { newServersClosed = false, explainRefusals = true }),
        ("GET /api/policy-engine", Role.Admin, null, null),
        ("PUT /api/policy-engine", Role.Admin, null, new { url = "" }),
        ("DELETE /api/policy-engine", Role.Admin, null, null),
        ("POST /api/policy-engine/try", Role.Admin, null, new { }),
        ("GET /api/tool-definitions", Role.Member, null, null),
        ("GET /api/servers/{id}/tool-definitions", Role.Member, null, null),
        ("PUT /api/servers/{id}/tool-definitions", Role.Admin, null, new { mode = "alert" }),
        ("POST /api/servers/{id}/tool-definitions/refresh", Role.Admin, null, null),
        ("POST /api/servers/{id}/tool-definitions/approve", Role.Admin, null, new { all = true }),
        ("POST /api/servers/{id}/tool-definitions/reject", Role.Admin, null, new { tools = new[] { new { tool = "x", hash = new string('0', 64) } } }),
        ("POST /api/servers/{id}/tool-definitions/forget", Role.Admin, null, new { tools = new[] { "x" } }),
        ("GET /api/tokens", Role.Member, null, null),
        ("POST /api/tokens", Role.Member, null, new { name = "matrix", expiresInDays = 1 }),
        ("DELETE /api/tokens/{id}", Role.Member, null, null),
        ("POST /api/tokens/revoke", Role.Member, null, new { ids = new[] { Nobody } }),
        ("GET /api/service-accounts", Role.Member, null, null),
        ("GET /api/service-accounts/{id}", Role.Member, null, null),
        ("POST /api/service-accounts", Role.Admin, null, new { name = "" }),
        ("PATCH /api/service-accounts/{id}", Role.Admin, null, new { name = "x" }),
        ("DELETE /api/service-accounts/{id}", Role.Admin, null, null),
        ("POST /api/service-accounts/{id}/secrets", Role.Admin, null, new { expiresInDays = 1 }),
        ("DELETE /api/service-accounts/{id}/secrets/{secret}", Role.Admin, null, null),
        ("GET /api/group-roles", Role.Owner, null, null),
        ("PUT /api/group-roles", Role.Owner, null, new { items = Array.Empty<object>() }),
        ("GET /api/operations", Role.Owner, null, null),
        ("GET /api/operations/organizations", Role.Owner, null, null),
        ("GET /api/keys", Role.Owner, null, null),
        ("POST /api/keys/rotate", Role.Owner, null, null),
        ("GET /api/organization", Role.Member, null, null),
        ("PATCH /api/organization", Role.Owner, null, new { name = "" }),
        ("DELETE /api/organization", Role.Owner, "?name=another", null),
        ("GET /api/organization/egress", Role.Member, null, null),
        ("PUT /api/organization/egress", Role.Owner, null, new { hosts = Array.Empty<string>() }),
        ("GET /api/members", Role.Member, null, null),
        ("PATCH /api/members/{userId}", Role.Owner, null, new { role = "owner" }),
        ("DELETE /api/members/{userId}", Role.Admin, null, null),
        ("GET /api/invitations", Role.Admin, null, null),
        ("POST /api/invitations", Role.Admin, null, new { email = "no address" }),
        ("POST /api/invitations/{id}/resend", Role.Admin, null, null),
        ("DELETE /api/invitations/{id}", Role.Admin, null, null),
    ];

    [Fact]
    public void Every_endpoint_of_the_rest_door_is_in_the_table() => Endpoints().ShouldBe(Table.Select(row => row.Endpoint), ignoreOrder: true);

    [Theory]
    [InlineData(Role.Owner)]
    [InlineData(Role.Admin)]
    [InlineData(Role.Member)]
    public async Task Each_role_is_let_in_where_the_table_says_and_refused_elsewhere(Role role)
    {
        Colleague colleague = await Colleague.CreateAsync(gateway, role);
        List<string> wrong = [];
        foreach ((string endpoint, Role least, string? query, object? body) in Table)
        {
            string[] parts = endpoint.Split(' ');
            string path = parts[1].Replace("{id}", Nobody, StringComparison.Ordinal).Replace("{userId}", Nobody, StringComparison.Ordinal).Replace("{secret}", Nobody, StringComparison.Ordinal) + query;
            HttpAnswer answer = await gateway.ApiAsync(new HttpMethod(parts[0]), path, body, colleague.Token);
            bool fits = role >= least
                ? answer.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) && (int)answer.Status < 500
                : answer.Status is HttpStatusCode.Forbidden && answer.Body.Contains($"role {least}", StringComparison.Ordinal);
            if (!fits) wrong.Add($"{endpoint}: {answer.Status} {answer.Body}");
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Role.Admin, Role.Owner, HttpStatusCode.Forbidden)]
    [InlineData(Role.Admin, Role.Admin, HttpStatusCode.NoContent)]
    [InlineData(Role.Admin, Role.Member, HttpStatusCode.NoContent)]
    [InlineData(Role.Owner, Role.Owner, HttpStatusCode.NoContent)]
    [InlineData(Role.Owner, Role.Admin, HttpStatusCode.NoContent)]
    [InlineData(Role.Member, Role.Member, HttpStatusCode.Forbidden)]
    public async Task Who_may_remove_whom(Role actor, Role target, HttpStatusCode expected)
    {
        Colleague remover = await Colleague.CreateAsync(gateway, actor);
        Colleague removed = await Colleague.CreateAsync(gateway, target);

        (await gateway.ApiAsync(HttpMethod.Delete, $"/api/members/{removed.User.Id}", null, remover.Token)).Status.ShouldBe(expected);

        bool gone = expected is HttpStatusCode.NoContent;
        (await gateway.ApiAsync(HttpMethod.Get, "/api/organization", null, removed.Token)).Status.ShouldBe(gone ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Role.Owner, Role.Owner, true)]
    [InlineData(Role.Owner, Role.Admin, true)]
    [InlineData(Role.Admin, Role.Member, true)]
    [InlineData(Role.Admin, Role.Admin, false)]
    [InlineData(Role.Admin, Role.Owner, false)]
    [InlineData(Role.Member, Role.Member, false)]
    public async Task Who_may_invite_into_which_role(Role actor, Role into, bool may)
    {
        Colleague inviter = await Colleague.CreateAsync(gateway, actor);
        string email = $"{actor}-{into}@example.com".ToLowerInvariant();

        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, "/api/invitations", new { email, role = into.ToString().ToLowerInvariant() }, inviter.Token);

        answer.Status.ShouldBe(may ? HttpStatusCode.Created : HttpStatusCode.Forbidden);
        (await Colleague.QueryAsync(gateway, "SELECT count(*) FROM invitations WHERE email = $1", email)).ShouldBe(may ? 1L : 0L);
    }

    [Theory]
    [InlineData(Role.Admin)]
    [InlineData(Role.Member)]
    public async Task Nobody_raises_their_own_role(Role role)
    {
        Colleague climber = await Colleague.CreateAsync(gateway, role);
        foreach (string wanted in new[] { "owner", "admin", "member" })
            (await gateway.ApiAsync(HttpMethod.Patch, $"/api/members/{climber.User.Id}", new { role = wanted }, climber.Token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await Colleague.QueryAsync(gateway, "SELECT role FROM members WHERE user_id = $1", climber.User.Id.Value)).ShouldBe((short)role);
    }

    private IEnumerable<string> Endpoints() =>
        from endpoint in gateway.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        where endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is Policies.ApiRead or Policies.ApiWrite)
        from method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
        select $"{method} /{endpoint.RoutePattern.RawText!.TrimStart('/')}";
}
