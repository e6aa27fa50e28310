using Mcpx.Core.Gateways;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>How the settings of a gateway are said to people.</summary>
internal static class GatewayWords
{
    private const int MostNames = 3;

    public static string WhileMissing(FailureMode mode) => mode is FailureMode.Closed
        ? "refuses lists and calls until it is back"
        : "serves the others and says what is missing";

    public static string Members(IReadOnlyList<MemberDetails> members) => members.Count <= MostNames
        ? string.Join(", ", members.Select(m => m.Server.Slug))
        : $"{string.Join(", ", members.Take(MostNames - 1).Select(m => m.Server.Slug))} and {members.Count - MostNames + 1:N0} more";
}
