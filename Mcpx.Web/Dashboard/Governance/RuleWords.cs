using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>How rules are said to people.</summary>
internal static class RuleWords
{
    public const string Everyone = "everyone";

    public static IReadOnlyList<SelectOption<ConditionOperator>> Operators { get; } =
    [
        new(ConditionOperator.Equal, "is"), new(ConditionOperator.NotEqual, "is not"),
        new(ConditionOperator.Less, "is less than"), new(ConditionOperator.LessOrEqual, "is at most"),
        new(ConditionOperator.Greater, "is more than"), new(ConditionOperator.GreaterOrEqual, "is at least"),
        new(ConditionOperator.In, "is one of"), new(ConditionOperator.NotIn, "is none of"),
        new(ConditionOperator.Matches, "matches the pattern"),
        new(ConditionOperator.Exists, "is given"), new(ConditionOperator.NotExists, "is not given"),
    ];

    /// <summary>Whom a rule is for; who is gone is said to be gone.</summary>
    public static string Whom(RuleAudience audience, IReadOnlyDictionary<Guid, string> names) => audience.Kind switch
    {
        AudienceKind.Everyone => "everyone",
        AudienceKind.Role => audience.Role is { } role ? $"role {role.ToString().ToLowerInvariant()}" : "nobody",
        AudienceKind.Member => Named("", audience, names),
        AudienceKind.ServiceAccount => Named("service account ", audience, names),
        _ => Named("token ", audience, names),
    };

    public static bool IsGone(RuleAudience audience, IReadOnlyDictionary<Guid, string> names) => audience.Id is { } id && !names.ContainsKey(id);

    /// <summary>As it stands in an option and in an address.</summary>
    public static string KeyOf(RuleAudience audience) => audience.Kind switch
    {
        AudienceKind.Everyone => Everyone,
        AudienceKind.Role => $"role:{audience.Role}",
        _ => $"{char.ToLowerInvariant(audience.Kind.ToString()[0])}{audience.Kind.ToString()[1..]}:{audience.Id:D}",
    };

    /// <summary>Null for what is no key.</summary>
    public static RuleAudience? Parse(string? key)
    {
        if (key is Everyone) return RuleAudience.Everyone;
        if (key?.Split(':') is not [var kind, var rest] || !Enum.TryParse(kind, ignoreCase: true, out AudienceKind known)) return null;
        if (known is AudienceKind.Role) return Enum.TryParse(rest, ignoreCase: true, out Role role) ? RuleAudience.Of(role) : null;
        return RuleAudience.Names(known) && Guid.TryParseExact(rest, "D", out Guid id) ? new RuleAudience(known, Id: id) : null;
    }

    private static string Named(string kind, RuleAudience audience, IReadOnlyDictionary<Guid, string> names) =>
        audience.Id is { } id && names.TryGetValue(id, out string? name) ? kind + name : $"{(kind.Length == 0 ? "a member" : "a " + kind.Trim())} who is gone";
}
