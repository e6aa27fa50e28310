using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;

namespace Mcpx.Core.Governance;

/// <summary>Decides calls. Pure: the same snapshot, caller and tool give the same decision, so it can be explained.</summary>
public sealed class GovernanceEngine
{
    // A server without a policy is a server whose policy did not load: closed, not open.
    private static readonly Decision.Deny NoPolicy = new("no-policy", "The server's rules are not loaded.");
    private static readonly Decision.Deny Disabled = new("server-disabled", "The server is switched off.");
    private static readonly Decision.Deny NoRight = new("role", "The caller's role may not call tools.");
    private static readonly Decision.Deny GatewayDisabled = new("gateway-disabled", "The gateway is switched off.");
    private static readonly Decision.Deny OtherEndpoint = new(OtherEndpointRule, "The token is limited to other servers and gateways.");
    private static readonly Decision.Deny OtherTool = new("token-tool", "The token is limited to other tools.");
    private static readonly Decision.Allow Open = new("endpoint", "The caller may use this server.");

    /// <summary>The rule that keeps a limited token out of other endpoints.</summary>
    public const string OtherEndpointRule = "token-endpoint";

    /// <summary>Does the caller's credential open this endpoint? Null when it does, or is not limited to some.</summary>
    /// <param name="endpoint">The id of the server or virtual gateway; null for one that does not exist, so that a limited token can't tell.</param>
    public Decision.Deny? DecideLimits(Caller caller, Guid? endpoint) =>
        caller.Limits.Endpoints is null || endpoint is { } id && caller.Limits.AllowsEndpoint(id) ? null : OtherEndpoint;

    /// <summary>May the caller use the endpoint at all?</summary>
    public Decision DecideEndpoint(Caller caller, ServerRoute route)
    {
        if (!caller.Role.Allows(Permission.CallTools)) return NoRight;
        return route.Server.Enabled ? Open : Disabled;
    }

    /// <summary>May the caller use the virtual gateway at all?</summary>
    public Decision DecideEndpoint(Caller caller, GatewayRoute gateway)
    {
        if (!caller.Role.Allows(Permission.CallTools)) return NoRight;
        return gateway.Gateway.Enabled ? Open : GatewayDisabled;
    }

    /// <summary>The server's policy; null when it did not load, and then nothing is allowed.</summary>
    public ToolPolicy? FindPolicy(GovernanceSnapshot snapshot, ServerRoute route) => snapshot.Find(route.Organization.Id, route.Server.Id);

    /// <summary>May this call of a tool happen?</summary>
    /// <param name="tool">As the server calls it: what policies name.</param>
    /// <param name="shown">As the endpoint shows it: what a credential is limited to.</param>
    /// <param name="message">The whole <c>tools/call</c> as it was sent, for conditions on its arguments.</param>
    public Decision DecideCall(GovernanceSnapshot snapshot, ServerRoute route, string tool, Caller caller, string shown, ReadOnlyMemory<byte> message)
    {
        if (!caller.Limits.AllowsTool(shown)) return OtherTool;
        return FindPolicy(snapshot, route)?.Decide(RuleSubject.Of(caller), tool, message) ?? NoPolicy;
    }

    /// <summary>May the caller see the tool here, because some calls of it may happen? What is not shown can't be called.</summary>
    /// <inheritdoc cref="DecideCall"/>
    public Decision DecideShown(GovernanceSnapshot snapshot, ServerRoute route, string tool, Caller caller, string shown) =>
        caller.Limits.AllowsTool(shown) ? DecideShown(snapshot, route, tool, RuleSubject.Of(caller)) : OtherTool;

    /// <summary>The same for somebody of whom no credential is known.</summary>
    public Decision DecideShown(GovernanceSnapshot snapshot, ServerRoute route, string tool, in RuleSubject who) =>
        FindPolicy(snapshot, route)?.DecideShown(who, tool) ?? NoPolicy;

    /// <summary>The same by a policy that is not in force.</summary>
    public Decision DecideShown(ToolPolicy policy, string tool, Caller caller, string shown) =>
        caller.Limits.AllowsTool(shown) ? policy.DecideShown(RuleSubject.Of(caller), tool) : OtherTool;

    /// <summary>The rule that keeps a server's tool from every caller; null when some may see it.</summary>
    public Decision.Deny? HidesFromAll(GovernanceSnapshot snapshot, ServerRoute route, string tool) =>
        FindPolicy(snapshot, route) is { } policy ? policy.HidesFromAll(tool) : NoPolicy;

    /// <summary>True when a list needs no reading for this caller.</summary>
    public bool ShowsEverything(GovernanceSnapshot snapshot, ServerRoute route, Caller caller) =>
        caller.Limits.Tools is null && FindPolicy(snapshot, route)?.ShowsEverything(RuleSubject.Of(caller)) is true;
}
