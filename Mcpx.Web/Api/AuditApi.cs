using System.Text.Json;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/audit/changes</c>: the audit log. There is no way to write to it.</summary>
internal static class AuditApi
{
    public static void Map(RouteGroupBuilder read) => read.MapGet("/audit/changes", ListAsync);

    /// <param name="log"><c>installation</c> for what belongs to no organisation.</param>
    private static async Task<IResult> ListAsync(
        HttpContext http, AuditAdmin audit, string? action, string? actor, string? subject, DateTimeOffset? from, DateTimeOffset? to, string? cursor, int? size, string? log)
    {
        InputCheck check = new();
        Guid? who = IdOf(check, actor, "actor"), what = IdOf(check, subject, "subject");
        check.Require(log is null or "" or "installation", "log", "Use installation, or leave it out for the organisation's own.").ThrowIfWrong();
        AdminEntryFilter filter = new(string.IsNullOrEmpty(action) ? null : action, who, what, from?.ToUniversalTime(), to?.ToUniversalTime(), cursor, size ?? 50);
        Page<AdminEntry> page = string.IsNullOrEmpty(log)
            ? await audit.ListAsync(ActorResolver.FromToken(http), filter, http.RequestAborted)
            : await audit.ListInstallationAsync(ActorResolver.FromToken(http), filter, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(EntryAnswer.From), next = page.Next });
    }

    private static Guid? IdOf(InputCheck check, string? text, string field)
    {
        if (string.IsNullOrEmpty(text)) return null;
        bool isId = Guid.TryParseExact(text, "D", out Guid id);
        check.Require(isId, field, "Use an id.");
        return id;
    }
}

internal sealed record AuditActorAnswer(AuditActorKind Kind, Guid? Id, string Name);

internal sealed record AuditCredentialAnswer(UsedCredentialKind Kind, Guid? Id, string? Name);

internal sealed record AuditSubjectAnswer(string Kind, Guid? Id, string Name);

internal sealed record EntryAnswer(
    Guid Id, DateTimeOffset Time, string Action, AuditActorAnswer Actor, AuditCredentialAnswer Credential, string? Address, string? UserAgent,
    AuditSubjectAnswer Subject, JsonElement? Before, JsonElement? After)
{
    public static EntryAnswer From(AdminEntry e) => new(
        e.Id.Value, e.Time, e.Action, new AuditActorAnswer(e.Actor.Kind, e.Actor.Id, e.Actor.Name),
        new AuditCredentialAnswer(e.Origin.Credential.Kind, e.Origin.Credential.Id, e.Origin.Credential.Name), e.Origin.Address, e.Origin.UserAgent,
        new AuditSubjectAnswer(e.Subject.Kind, e.Subject.Id, e.Subject.Name), Parse(e.Before), Parse(e.After));

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}
