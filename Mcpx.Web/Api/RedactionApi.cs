using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/redaction</c> and <c>/api/servers/{id}/redaction</c>.</summary>
internal static class RedactionApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/redaction", GetAsync);
        write.MapPut("/redaction", PutAsync);
        write.MapDelete("/redaction", DeleteAsync);
        write.MapPost("/redaction/try", TryAsync);
        read.MapGet("/servers/{id}/redaction", GetServerAsync);
        write.MapPut("/servers/{id}/redaction", PutServerAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, RedactionAdmin redaction)
    {
        Actor actor = ActorResolver.FromToken(http);
        OrganizationRules rules = await redaction.GetAsync(actor, http.RequestAborted);
        return Results.Ok(Answer(rules, await redaction.ListServersAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> PutAsync(HttpContext http, RedactionAdmin redaction, RedactionBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        OrganizationRules rules = await redaction.ReplaceAsync(actor, RedactionRuleBody.ToRules(body.Rules), http.RequestAborted);
        return Results.Ok(Answer(rules, await redaction.ListServersAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, RedactionAdmin redaction)
    {
        await redaction.ResetAsync(ActorResolver.FromToken(http), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> TryAsync(HttpContext http, RedactionAdmin redaction, RedactionTryBody body)
    {
        RedactionSample sample = new(body.Sample, body.Server is null ? null : Id(body.Server), body.Rules is null ? null : RedactionRuleBody.ToRules(body.Rules), body.Payloads,
            body.ServerRules is null ? null : RedactionRuleBody.ToRules(body.ServerRules));
        RedactionTrial trial = await redaction.TryAsync(ActorResolver.FromToken(http), sample, http.RequestAborted);
        return Results.Ok(new { payloads = trial.Payloads, kept = trial.Text, found = trial.Found.Select(FindingAnswer.From) });
    }

    private static async Task<IResult> GetServerAsync(HttpContext http, RedactionAdmin redaction, string id) =>
        Results.Ok(ServerRedactionAnswer.From(await redaction.GetServerAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> PutServerAsync(HttpContext http, RedactionAdmin redaction, string id, ServerRedactionBody body) =>
        Results.Ok(ServerRedactionAnswer.From(await redaction.ReplaceServerAsync(ActorResolver.FromToken(http), Id(id), body.Payloads, RedactionRuleBody.ToRules(body.Rules ?? []), http.RequestAborted)));

    private static object Answer(OrganizationRules rules, IEnumerable<ServerRedaction> servers) =>
        new { builtIn = rules.UpdatedAt is null, updatedAt = rules.UpdatedAt, rules = rules.Rules.Select(RedactionRuleBody.From), servers = servers.Select(ServerRedactionAnswer.From) };

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");
}

internal sealed record RedactionBody(IReadOnlyList<RedactionRuleBody> Rules);

internal sealed record ServerRedactionBody(PayloadMode Payloads, IReadOnlyList<RedactionRuleBody>? Rules = null);

/// <param name="Server">The id of a server whose settings apply, too.</param>
/// <param name="Rules">Of the organisation; null takes the saved ones. So do the two below, of the server.</param>
internal sealed record RedactionTryBody(
    string Sample, string? Server = null, IReadOnlyList<RedactionRuleBody>? Rules = null, PayloadMode? Payloads = null, IReadOnlyList<RedactionRuleBody>? ServerRules = null)
{
    // The generated one would print the sample wherever the body is logged.
    public override string ToString() => nameof(RedactionTryBody);
}

internal sealed record RedactionRuleBody(RedactionKind Kind, string Value, RedactionMode Mode = RedactionMode.Mask, string? Name = null)
{
    public static RedactionRuleBody From(RedactionRule rule) => new(rule.Kind, rule.Value, rule.Mode, rule.Name);

    public static IReadOnlyList<RedactionRule> ToRules(IReadOnlyList<RedactionRuleBody> rules) => [.. rules.Select(r => new RedactionRule(r.Kind, r.Value, r.Mode, r.Name))];
}

internal sealed record ServerRedactionAnswer(string Server, PayloadMode Payloads, IReadOnlyList<RedactionRuleBody> Rules)
{
    public static ServerRedactionAnswer From(ServerRedaction settings) => new(settings.Server.ToString(), settings.Payloads, [.. settings.Rules.Select(RedactionRuleBody.From)]);
}

/// <summary>What of a record is not as it was, and why.</summary>
internal sealed record FindingAnswer(RecordPart Part, string Rule, RedactionEffect Effect, int Count)
{
    public static FindingAnswer From(RedactionFinding finding) => new(finding.Part, finding.Rule, finding.Effect, finding.Count);
}
