using System.Runtime.InteropServices;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>Whose calls a rule is about. The numbers are stored: never reuse one.</summary>
public enum AudienceKind
{
    Everyone = 0,

    /// <summary>Callers who have exactly this role: a rule for admins says nothing of owners.</summary>
    Role = 1,

    /// <summary>One person, with whatever token.</summary>
    Member = 2,

    ServiceAccount = 3,

    /// <summary>One personal access token.</summary>
    Token = 4,
}

/// <summary>Whom a rule is for. Whoever it names may be gone: then it is for nobody, and never for everyone.</summary>
/// <param name="Role">With <see cref="AudienceKind.Role"/> only.</param>
/// <param name="Id">Of the person, account or token; with the three kinds that name one.</param>
public sealed record RuleAudience(AudienceKind Kind, Role? Role = null, Guid? Id = null)
{
    /// <summary>What to say of one that is not <see cref="IsWhole"/>.</summary>
    public const string NotWhole = "Say a role, or the id of a member, service account or token, as the kind needs it.";

    public static RuleAudience Everyone { get; } = new(AudienceKind.Everyone);

    public static RuleAudience Of(Role role) => new(AudienceKind.Role, Role: role);

    public static RuleAudience Of(UserId user) => new(AudienceKind.Member, Id: user.Value);

    public static RuleAudience Of(ServiceAccountId account) => new(AudienceKind.ServiceAccount, Id: account.Value);

    public static RuleAudience Of(TokenId token) => new(AudienceKind.Token, Id: token.Value);

    /// <summary>True for the kinds that name somebody by id.</summary>
    public static bool Names(AudienceKind kind) => kind is AudienceKind.Member or AudienceKind.ServiceAccount or AudienceKind.Token;

    public bool IsWhole => Enum.IsDefined(Kind) && (Kind is AudienceKind.Role) == Role is not null && Names(Kind) == Id is not null && (Role is null || Enum.IsDefined(Role.Value));

    /// <summary>An audience that is not whole is nobody: a row that can't be understood must not open or close what it was not meant for.</summary>
    public bool Includes(in RuleSubject who) => Kind switch
    {
        AudienceKind.Everyone => true,
        AudienceKind.Role => Role is not null && who.Role == Role,
        AudienceKind.Member => Id is { } id && who.User?.Value == id,
        AudienceKind.ServiceAccount => Id is { } id && who.Account?.Value == id,
        AudienceKind.Token => Id is { } id && who.Token?.Value == id,
        _ => false,
    };

    /// <summary>As the audit keeps it behind a rule's name, without ids; empty for everyone.</summary>
    public string Suffix => Kind switch
    {
        AudienceKind.Everyone => "",
        AudienceKind.Role => $" ({(Role is null ? "no role" : Role.Value.ToString().ToLowerInvariant())})",
        AudienceKind.Member => " (member)",
        AudienceKind.ServiceAccount => " (service account)",
        _ => " (token)",
    };

    /// <summary>The same with the name of whom it is for, e.g. <c> for the member Ada</c>; one that is gone is shown by its id.</summary>
    internal string WordsWith(IReadOnlyDictionary<Guid, string> names) => Kind switch
    {
        AudienceKind.Everyone or AudienceKind.Role => Words,
        AudienceKind.Member => $" for the member {NameIn(names)}",
        AudienceKind.ServiceAccount => $" for the service account {NameIn(names)}",
        _ => $" for the token {NameIn(names)}",
    };

    private string NameIn(IReadOnlyDictionary<Guid, string> names) => Id is { } id ? names.GetValueOrDefault(id) ?? id.ToString("D") : "?";

    /// <summary>Behind “names …”, e.g. <c>for admins</c>; empty for everyone.</summary>
    public string Words => Kind switch
    {
        AudienceKind.Everyone => "",
        AudienceKind.Role => Role is null ? " for nobody" : $" for the role {Role.Value.ToString().ToLowerInvariant()}",
        AudienceKind.Member => " for this member",
        AudienceKind.ServiceAccount => " for this service account",
        _ => " for this token",
    };
}

/// <summary>Whom rules are asked about: a caller, or somebody who has not called yet. What is null matches only rules for everyone.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RuleSubject(Role? Role = null, UserId? User = null, ServiceAccountId? Account = null, TokenId? Token = null)
{
    public static RuleSubject Of(Caller caller) => new(caller.Role, caller.User, caller.ServiceAccount, caller.Token);
}
