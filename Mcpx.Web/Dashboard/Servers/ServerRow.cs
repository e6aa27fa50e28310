using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Metrics;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A server as the list shows it.</summary>
/// <param name="LastHour">Null when nothing called it.</param>
/// <param name="Health">How calls to it fare at this replica.</param>
/// <param name="Waiting">Definitions of its tools that wait for approval.</param>
internal sealed record ServerRow(ServerDetails Details, ToolPolicy? Policy, ServerFigures? LastHour, string Endpoint, ServerHealth Health, int Waiting)
{
    public UpstreamServer Server => Details.Server;
}
