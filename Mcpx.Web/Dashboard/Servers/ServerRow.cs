using Mcpx.Core.Governance;
using Mcpx.Core.Metrics;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A server as the list shows it.</summary>
/// <param name="LastHour">Null when nothing called it.</param>
internal sealed record ServerRow(ServerDetails Details, ToolPolicy? Policy, ServerFigures? LastHour, string Endpoint)
{
    public UpstreamServer Server => Details.Server;
}
