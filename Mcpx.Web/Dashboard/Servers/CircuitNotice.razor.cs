using Mcpx.Core.Proxy.Gateways;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>Says when calls to a server are refused because it failed too often; nothing while they pass.</summary>
public sealed partial class CircuitNotice(GatewayExplainer explainer) : HealthPart(explainer);
