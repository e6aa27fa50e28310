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
    private static readonly Decision.Allow Open = new("endpoint", "The caller may use this server.");

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

    /// <summary>May the caller see and call this tool?</summary>
    public Decision DecideTool(GovernanceSnapshot snapshot, ServerRoute route, string tool) =>
        FindPolicy(snapshot, route)?.Decide(tool) ?? NoPolicy;
}
