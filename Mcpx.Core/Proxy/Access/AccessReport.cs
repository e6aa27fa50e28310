using Mcpx.Core.Governance;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Access;

/// <summary>What a caller may see and call at one endpoint, by the rules of this instant.</summary>
/// <param name="Closed">What keeps the caller out of the whole endpoint; null when nothing does.</param>
/// <param name="Missing">Servers whose tools are not known now, by slug.</param>
public sealed record AccessReport(AccessSubject Subject, Decision.Deny? Closed, IReadOnlyList<ToolAccess> Tools, IReadOnlyList<string> Missing)
{
    public int Callable => Tools.Count(t => t.IsShown);
}

/// <summary>One tool for one caller.</summary>
/// <param name="Name">As the endpoint shows it.</param>
/// <param name="UpstreamName">As rules name it.</param>
/// <param name="Decision">Shown or hidden, and which rule says so.</param>
/// <param name="Conditional">The rules that look at each call's arguments.</param>
public sealed record ToolAccess(string Name, string UpstreamName, UpstreamServer Server, Decision Decision, IReadOnlyList<ToolRule> Conditional)
{
    public bool IsShown => Decision is Decision.Allow;
}
