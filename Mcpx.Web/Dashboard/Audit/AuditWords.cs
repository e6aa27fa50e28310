using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>The audit log in words.</summary>
internal static class AuditWords
{
    private static readonly (string Group, string Label)[] Groups =
    [
        ("server", "Servers"), ("gateway", "Gateways"), ("rules", "Rules"), ("limit", "Limits"), ("tool-definitions", "Tool definitions"), ("policy-engine", "Policy engine"),
        ("allowed-hosts", "Allowed hosts"), ("organization", "Organisation"), ("member", "Members"), ("invitation", "Invitations"), ("group-roles", "Sign-in groups"),
        ("token", "Tokens"), ("service-account", "Service accounts"), ("session", "Sign-ins"), ("account", "Accounts of people"), ("keys", "Keys"),
    ];

    /// <summary>The kinds of actions, and then each action.</summary>
    public static IReadOnlyList<SelectOption<string>> Actions { get; } =
        [new("", "Any action"), .. Groups.Select(g => new SelectOption<string>(g.Group, g.Label)), .. AdminAction.All.Select(a => new SelectOption<string>(a.Name, $"{LabelOf(a.Group)}: {a.Words}"))];

    public static string Action(AdminEntry entry) => Find(entry.Action)?.Words ?? entry.Action;

    public static Tone ToneOf(AdminEntry entry) => entry.Action switch
    {
        _ when entry.Action == AdminAction.SessionRefused.Name => Tone.Warning,
        _ when entry is { Before: null, After: not null } => Tone.Good,
        _ when entry is { Before: not null, After: null } => Tone.Bad,
        _ when entry is { Before: not null } => Tone.Info,
        _ => Tone.Neutral,
    };

    public static string Actor(AdminEntry entry) => entry.Actor.Kind switch
    {
        AuditActorKind.Nobody => "Nobody known",
        AuditActorKind.Installation => "mcpx itself",
        _ => entry.Actor.Name,
    };

    public static string Credential(UsedCredential credential, IdentityProviders providers) => credential.Kind switch
    {
        UsedCredentialKind.Session => "dashboard session",
        UsedCredentialKind.Token => $"token “{credential.Name}”",
        UsedCredentialKind.AccessToken => "access token of a service account",
        UsedCredentialKind.SignInLink => "one-time link",
        UsedCredentialKind.Provider => credential.Name is { } name ? providers.LabelOf(name) : "identity provider",
        UsedCredentialKind.Installation => credential.Name ?? "the installation",
        _ => "no credential",
    };

    private static AdminAction? Find(string name) => AdminAction.All.FirstOrDefault(a => a.Name == name);

    private static string LabelOf(string group) => Array.Find(Groups, g => g.Group == group).Label ?? group;
}
