using System.Text.Json;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/servers/{id}/governance</c> and what belongs to it.</summary>
internal static class GovernanceApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/servers/{id}/governance", GetAsync);
        write.MapPut("/servers/{id}/governance", PutAsync);
        read.MapGet("/governance/settings", GetSettingsAsync);
        write.MapPut("/governance/settings", PutSettingsAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, GovernanceAdmin governance, string id) =>
        Results.Ok(GovernanceAnswer.From(await governance.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> PutAsync(HttpContext http, GovernanceAdmin governance, string id, GovernanceBody body) =>
        Results.Ok(GovernanceAnswer.From(await governance.ReplaceAsync(ActorResolver.FromToken(http), Id(id), body.ToInput(), http.RequestAborted)));

    private static async Task<IResult> GetSettingsAsync(HttpContext http, GovernanceAdmin governance) =>
        Results.Ok(await governance.GetSettingsAsync(ActorResolver.FromToken(http), http.RequestAborted));

    private static async Task<IResult> PutSettingsAsync(HttpContext http, GovernanceAdmin governance, GovernanceSettings body) =>
        Results.Ok(await governance.SaveSettingsAsync(ActorResolver.FromToken(http), body, http.RequestAborted));

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");
}

/// <param name="Tools">Rules for everyone without conditions, instead of <paramref name="Rules"/>.</param>
internal sealed record GovernanceBody(GovernanceMode Mode, IReadOnlyList<string>? Tools = null, IReadOnlyList<RuleBody>? Rules = null, bool Enforce = true)
{
    public NewGovernance ToInput() => new(Mode, Tools, Rules is null ? null : [.. Rules.Select(r => r.ToInput())], Enforce);
}

internal sealed record RuleBody(string Tool, AudienceBody? For = null, IReadOnlyList<ConditionBody>? Conditions = null, bool LogOnly = false)
{
    public NewToolRule ToInput() => new(Tool, For?.ToAudience(), Conditions is null ? null : [.. Conditions.Select(c => c.ToCondition())], LogOnly);
}

/// <param name="Role">With the kind <c>role</c>.</param>
/// <param name="Id">With the kinds <c>member</c>, <c>serviceAccount</c> and <c>token</c>.</param>
internal sealed record AudienceBody(AudienceKind Kind, Role? Role = null, string? Id = null)
{
    public RuleAudience ToAudience() => new(Kind, Role, Id is null ? null : Guid.TryParseExact(Id, "D", out Guid id) ? id : throw Unknown());

    public static AudienceBody From(RuleAudience audience) => new(audience.Kind, audience.Role, audience.Id?.ToString("D"));

    private static RefusalException.Invalid Unknown() => new([new FieldError("for.id", "Use the id of a member, service account or token.")]);
}

/// <param name="Value">Instead of <paramref name="Values"/> where there is one.</param>
internal sealed record ConditionBody(string Path, ConditionOperator Operator, JsonElement Value = default, IReadOnlyList<JsonElement>? Values = null)
{
    public ArgumentCondition ToCondition() => new(Path, Operator, [.. (Values ?? (Value.ValueKind is JsonValueKind.Undefined ? [] : [Value])).Select(v => v.GetRawText())]);
}

/// <summary>It may be sent back as it is.</summary>
internal sealed record GovernanceAnswer(GovernanceMode Mode, bool Enforce, IReadOnlyList<RuleAnswer> Rules)
{
    public static GovernanceAnswer From(ServerGovernance governance) => new(governance.Mode, governance.Enforce, [.. governance.Rules.Select(RuleAnswer.From)]);
}

internal sealed record RuleAnswer(string Tool, AudienceBody For, IReadOnlyList<ConditionAnswer> Conditions, bool LogOnly)
{
    // Conditions that can't be read must not come back as none: this one is refused when it is sent back.
    private static readonly ConditionAnswer Unreadable = new("unreadable", ConditionOperator.Exists, []);

    public static RuleAnswer From(ToolRule rule) => new(rule.Pattern, AudienceBody.From(rule.For), !rule.IsReadable ? [Unreadable] :
        [.. rule.Conditions.Select(c => new ConditionAnswer(c.Path, c.Operator, [.. c.Values.Select(v => JsonElement.Parse(v))]))], rule.LogOnly);
}

internal sealed record ConditionAnswer(string Path, ConditionOperator Operator, IReadOnlyList<JsonElement> Values);
