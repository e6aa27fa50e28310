using System.Reflection;

namespace Mcpx.Core.Audit;

/// <summary>What was done. The names are stored and part of the API: an action may come, but none changes its name.</summary>
/// <param name="Name">The kind of thing, a dot, and what was done to it.</param>
/// <param name="Words">For people.</param>
public sealed record AdminAction(string Name, string Words)
{
    public static AdminAction ServerCreate { get; } = new("server.create", "Server added");
    public static AdminAction ServerUpdate { get; } = new("server.update", "Server changed");
    public static AdminAction ServerDelete { get; } = new("server.delete", "Server deleted");
    public static AdminAction GatewayCreate { get; } = new("gateway.create", "Gateway added");
    public static AdminAction GatewayUpdate { get; } = new("gateway.update", "Gateway changed");
    public static AdminAction GatewayDelete { get; } = new("gateway.delete", "Gateway deleted");
    public static AdminAction RulesReplace { get; } = new("rules.replace", "Rules changed");
    public static AdminAction RedactionReplace { get; } = new("redaction.replace", "Redaction changed");
    public static AdminAction LimitCreate { get; } = new("limit.create", "Limit added");
    public static AdminAction LimitUpdate { get; } = new("limit.update", "Limit changed");
    public static AdminAction LimitDelete { get; } = new("limit.delete", "Limit deleted");
    public static AdminAction PolicyEngineReplace { get; } = new("policy-engine.replace", "Policy engine changed");
    public static AdminAction PolicyEngineDelete { get; } = new("policy-engine.delete", "Policy engine removed");
    public static AdminAction ToolDefinitionsApprove { get; } = new("tool-definitions.approve", "Tool definitions approved");
    public static AdminAction ToolDefinitionsReject { get; } = new("tool-definitions.reject", "Tool definitions rejected");
    public static AdminAction ToolDefinitionsForget { get; } = new("tool-definitions.forget", "Tool definitions forgotten");
    public static AdminAction ToolDefinitionsSet { get; } = new("tool-definitions.set", "Watching of tool definitions changed");
    public static AdminAction SavedFilterCreate { get; } = new("saved-filter.create", "Filter of calls saved");
    public static AdminAction SavedFilterDelete { get; } = new("saved-filter.delete", "Saved filter deleted");
    public static AdminAction CallsExport { get; } = new("calls.export", "Calls exported");
    public static AdminAction ScheduledExportCreate { get; } = new("scheduled-export.create", "Scheduled export added");
    public static AdminAction ScheduledExportDelete { get; } = new("scheduled-export.delete", "Scheduled export deleted");
    public static AdminAction LogStreamCreate { get; } = new("log-stream.create", "Log stream added");
    public static AdminAction LogStreamPause { get; } = new("log-stream.pause", "Log stream paused");
    public static AdminAction LogStreamResume { get; } = new("log-stream.resume", "Log stream goes on");
    public static AdminAction LogStreamTest { get; } = new("log-stream.test", "Test message sent to a log stream");
    public static AdminAction LogStreamDelete { get; } = new("log-stream.delete", "Log stream deleted");
    public static AdminAction OrganizationCreate { get; } = new("organization.create", "Organisation made");
    public static AdminAction OrganizationUpdate { get; } = new("organization.update", "Organisation changed");
    public static AdminAction OrganizationDelete { get; } = new("organization.delete", "Organisation deleted");
    public static AdminAction AllowedHostsReplace { get; } = new("allowed-hosts.replace", "Allowed hosts changed");
    public static AdminAction GroupRolesReplace { get; } = new("group-roles.replace", "Sign-in groups changed");
    public static AdminAction MemberRole { get; } = new("member.role", "Role changed");
    public static AdminAction MemberRemove { get; } = new("member.remove", "Member removed");
    public static AdminAction MemberLeave { get; } = new("member.leave", "Member left");
    public static AdminAction MemberGroups { get; } = new("member.groups", "Membership changed by groups");
    public static AdminAction InvitationCreate { get; } = new("invitation.create", "Person invited");
    public static AdminAction InvitationResend { get; } = new("invitation.resend", "Invitation sent again");
    public static AdminAction InvitationRevoke { get; } = new("invitation.revoke", "Invitation revoked");
    public static AdminAction InvitationAccept { get; } = new("invitation.accept", "Invitation accepted");
    public static AdminAction TokenCreate { get; } = new("token.create", "Token made");
    public static AdminAction TokenRevoke { get; } = new("token.revoke", "Token revoked");
    public static AdminAction TokenNewAddress { get; } = new("token.new-address", "Token used from a new address");
    public static AdminAction ServiceAccountCreate { get; } = new("service-account.create", "Service account added");
    public static AdminAction ServiceAccountUpdate { get; } = new("service-account.update", "Service account changed");
    public static AdminAction ServiceAccountDelete { get; } = new("service-account.delete", "Service account deleted");
    public static AdminAction ServiceAccountAddSecret { get; } = new("service-account.add-secret", "Client secret added");
    public static AdminAction ServiceAccountRevokeSecret { get; } = new("service-account.revoke-secret", "Client secret revoked");
    public static AdminAction ServiceAccountNewAddress { get; } = new("service-account.new-address", "Service account used from a new address");
    public static AdminAction AccountRename { get; } = new("account.rename", "Person renamed");
    public static AdminAction AccountLink { get; } = new("account.link", "Login linked");
    public static AdminAction AccountUnlink { get; } = new("account.unlink", "Login unlinked");
    public static AdminAction SessionSignIn { get; } = new("session.sign-in", "Signed in");
    public static AdminAction SessionSignOut { get; } = new("session.sign-out", "Signed out");
    public static AdminAction SessionRevoke { get; } = new("session.revoke", "Signed out elsewhere");
    public static AdminAction SessionRefused { get; } = new("session.refused", "Sign-in refused");
    public static AdminAction MetricRetentionReplace { get; } = new("metric-retention.replace", "Retention of figures changed");

    public static AdminAction RetentionReplace { get; } = new("retention.replace", "Retention changed");
    public static AdminAction HoldCreate { get; } = new("hold.create", "Legal hold added");
    public static AdminAction HoldRelease { get; } = new("hold.release", "Legal hold released");
    public static AdminAction KeysRotate { get; } = new("keys.rotate", "Key rotation asked for");

    /// <summary>In the order of their declaration.</summary>
    public static IReadOnlyList<AdminAction> All { get; } =
        [.. typeof(AdminAction).GetProperties(BindingFlags.Public | BindingFlags.Static).Where(p => p.PropertyType == typeof(AdminAction)).Select(p => (AdminAction)p.GetValue(null)!)];

    /// <summary>The part of a name before the dot.</summary>
    public string Group => Name[..Name.IndexOf('.')];
}
