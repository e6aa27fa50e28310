using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Api;

/// <summary><c>/api/servers</c>.</summary>
internal static class ServersApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/servers", ListAsync);
        read.MapGet("/servers/{id}", GetAsync);
        read.MapGet("/servers/{id}/governance", GetGovernanceAsync);
        write.MapPost("/servers", CreateAsync);
        write.MapPatch("/servers/{id}", UpdateAsync);
        write.MapDelete("/servers/{id}", DeleteAsync);
        write.MapPost("/servers/{id}/test", TestAsync);
        write.MapPut("/servers/{id}/governance", PutGovernanceAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ServerAdmin servers, PublicAddress address, string? after, int? size)
    {
        Actor actor = ActorResolver.FromToken(http);
        Page<ServerDetails> page = await servers.ListAsync(actor, after, size ?? ServerAdmin.LargestPage, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(s => ServerAnswer.From(s, Slug(http), address)), next = page.Next });
    }

    private static async Task<IResult> GetAsync(HttpContext http, ServerAdmin servers, PublicAddress address, string id) =>
        Results.Ok(ServerAnswer.From(await servers.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted), Slug(http), address));

    private static async Task<IResult> CreateAsync(HttpContext http, ServerAdmin servers, PublicAddress address, ServerBody body)
    {
        NewServer input = new(body.Name, body.Slug, body.Url, body.Description, body.TimeoutSeconds, body.Credential?.ToInput(), body.Enabled, body.Limits);
        ServerDetails created = await servers.CreateAsync(ActorResolver.FromToken(http), input, http.RequestAborted);
        return Results.Created($"/api/servers/{created.Server.Id}", ServerAnswer.From(created, Slug(http), address));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, ServerAdmin servers, PublicAddress address, string id, ServerBody body)
    {
        ServerChange change = new(body.Name, body.Slug, body.Url, body.Description, body.TimeoutSeconds, body.Enabled, body.Credential?.ToInput(), body.Limits);
        ServerDetails updated = await servers.UpdateAsync(ActorResolver.FromToken(http), Id(id), change, http.RequestAborted);
        return Results.Ok(ServerAnswer.From(updated, Slug(http), address));
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, ServerAdmin servers, string id)
    {
        await servers.DeleteAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> TestAsync(HttpContext http, ConnectionTest test, string id)
    {
        ConnectionReport report = await test.RunAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.Ok(ConnectionAnswer.From(report));
    }

    private static async Task<IResult> GetGovernanceAsync(HttpContext http, GovernanceAdmin governance, string id) =>
        Results.Ok(GovernanceAnswer.From(await governance.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> PutGovernanceAsync(HttpContext http, GovernanceAdmin governance, string id, GovernanceBody body) =>
        Results.Ok(GovernanceAnswer.From(await governance.ReplaceAsync(ActorResolver.FromToken(http), Id(id), new NewGovernance(body.Mode, body.Tools), http.RequestAborted)));

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");

    private static string Slug(HttpContext http) => http.Features.Get<Caller>()!.Membership.Organization.Slug;
}

internal sealed record ServerBody(
    string? Name = null,
    string? Slug = null,
    string? Url = null,
    string? Description = null,
    int? TimeoutSeconds = null,
    bool? Enabled = null,
    CredentialBody? Credential = null,
    LimitsInput? Limits = null);

internal sealed record CredentialBody(CredentialKind Kind, string? Header = null, string? Secret = null)
{
    public CredentialInput ToInput() => new(Kind, Header, Secret is null ? null : new Secret(Secret));

    // The generated one would print the secret wherever the body is logged.
    public override string ToString() => nameof(CredentialBody);
}

internal sealed record GovernanceBody(GovernanceMode Mode, IReadOnlyList<string>? Tools = null);

internal sealed record GovernanceAnswer(GovernanceMode Mode, IReadOnlyList<string> Tools)
{
    public static GovernanceAnswer From(ServerGovernance governance) => new(governance.Mode, [.. governance.Rules.Select(r => r.Pattern)]);
}

/// <summary>A server as the API shows it: the credential's kind and a masked hint, never the secret.</summary>
internal sealed record ServerAnswer(
    string Id, string Slug, string Name, string Description, string Url, string Endpoint, int TimeoutSeconds, bool Enabled,
    bool HasCredential, CredentialKind CredentialKind, string? CredentialHeader, string? CredentialHint,
    UpstreamLimits Limits, ProtocolAnswer? Protocol, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ServerAnswer From(ServerDetails details, string organization, PublicAddress address)
    {
        UpstreamServer server = details.Server;
        return new ServerAnswer(server.Id.ToString(), server.Slug, server.Name, server.Description, server.Url.OriginalString,
            address.To($"/mcp/{organization}/server/{server.Slug}"), server.TimeoutSeconds, server.Enabled,
            details.Credential is not null, details.Credential?.Kind ?? CredentialKind.None, details.Credential?.Header, details.Credential?.Hint,
            server.Limits, server.Protocol is null ? null : ProtocolAnswer.From(server.Protocol), server.CreatedAt, server.UpdatedAt);
    }
}

/// <summary>How a server is spoken to, in the words of the API.</summary>
internal sealed record ProtocolAnswer(IReadOnlyList<string> Eras, string Transport, string? SessionVersion, DateTimeOffset ProbedAt)
{
    public static ProtocolAnswer From(UpstreamProtocol protocol) => new(
        [.. protocol.SpeaksSession ? ["session"] : Array.Empty<string>(), .. protocol.SpeaksStateless ? ["stateless"] : Array.Empty<string>()],
        protocol.OverSse ? "sse" : "streamableHttp", protocol.SessionVersion, protocol.ProbedAt);
}

/// <param name="Eras">Empty, and the transport null, when the server was not reached.</param>
internal sealed record ConnectionAnswer(
    bool Ok, IReadOnlyList<ConnectionStep> Steps, int? Tools, IReadOnlyList<string> ToolNames, IReadOnlyList<string> Eras, string? Transport, string? ProtocolVersion, string? ServerName)
{
    public static ConnectionAnswer From(ConnectionReport report)
    {
        ProtocolAnswer? protocol = report.Protocol is null ? null : ProtocolAnswer.From(report.Protocol);
        return new ConnectionAnswer(report.Ok, report.Steps, report.Tools, report.ToolNames, protocol?.Eras ?? [], protocol?.Transport, report.ProtocolVersion, report.ServerName);
    }
}
