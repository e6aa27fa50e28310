using Mcpx.Core.Proxy.Gateways;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>The rows of a server's facts that change by themselves.</summary>
public sealed partial class HealthRows(GatewayExplainer explainer) : HealthPart(explainer);
