using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Access;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/access</c>, and trying rules before they are saved.</summary>
internal static class AccessApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/access", ExplainAsync);
        // They change nothing, but carry rules in their body, and only who may save them may try them.
        write.MapPost("/servers/{id}/governance/preview", PreviewAsync);
        write.MapPost("/servers/{id}/governance/replay", ReplayAsync);
    }

    private static async Task<IResult> ExplainAsync(HttpContext http, AccessExplainer access, string? member, string? serviceAccount, string? token, string? server, string? gateway)
    {
        new InputCheck()
            .Require(new[] { member, serviceAccount, token }.Count(t => t is not null) == 1, "member", "Name one caller: member, serviceAccount or token.")
            .Require(server is null != gateway is null, "server", "Name one endpoint: server or gateway.")
            .ThrowIfWrong();
        RuleAudience who = member is not null ? RuleAudience.Of(ApiInput.Id<UserId>(member, "member"))
            : serviceAccount is not null ? RuleAudience.Of(ApiInput.Id<ServiceAccountId>(serviceAccount, "service account"))
            : RuleAudience.Of(ApiInput.Id<TokenId>(token!, "token"));
        Guid endpoint = server is not null ? ApiInput.Id<ServerId>(server, "server").Value : ApiInput.Id<GatewayId>(gateway!, "gateway").Value;
        return Results.Ok(AccessAnswer.From(await access.ExplainAsync(ActorResolver.FromToken(http), who, endpoint, http.RequestAborted)));
    }

    private static async Task<IResult> PreviewAsync(HttpContext http, AccessExplainer access, string id, PreviewBody body) =>
        Results.Ok(AccessAnswer.From(await access.PreviewAsync(ActorResolver.FromToken(http), Id(id), body.Governance.ToInput(),
            body.For?.ToAudience() ?? RuleAudience.Everyone, tools: null, http.RequestAborted)));

    private static async Task<IResult> ReplayAsync(HttpContext http, RuleReplay replay, string id, ReplayBody body) =>
        Results.Ok(await replay.RunAsync(ActorResolver.FromToken(http), Id(id), body.Governance.ToInput(), body.Days, http.RequestAborted));

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");
}

internal sealed record PreviewBody(GovernanceBody Governance, AudienceBody? For = null);

internal sealed record ReplayBody(GovernanceBody Governance, int Days = 7);

internal sealed record AccessAnswer(string Caller, BlockedAnswer? Closed, IReadOnlyList<ToolAccessAnswer> Tools, IReadOnlyList<string> Missing)
{
    public static AccessAnswer From(AccessReport report) => new(report.Subject.Name, report.Closed is { } closed ? BlockedAnswer.From(closed) : null,
        [.. report.Tools.Select(ToolAccessAnswer.From)], report.Missing);
}

/// <param name="Shown">In the caller's list; whether a call may happen also depends on <paramref name="Conditions"/>.</param>
/// <param name="WouldRule">The rule that would hide it if it were enforced.</param>
internal sealed record ToolAccessAnswer(
    string Name, string Server, string ServerSlug, string UpstreamName, bool Shown, string Rule, string Reason, string? WouldRule, IReadOnlyList<RuleAnswer> Conditions)
{
    public static ToolAccessAnswer From(ToolAccess tool) => new(tool.Name, tool.Server.Id.ToString(), tool.Server.Slug, tool.UpstreamName, tool.IsShown,
        tool.Decision.Rule, tool.Decision.Reason, (tool.Decision as Decision.Allow)?.WouldDeny?.Rule, [.. tool.Conditional.Select(RuleAnswer.From)]);
}
