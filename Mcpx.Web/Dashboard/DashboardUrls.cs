using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Calls;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard;

/// <summary>Every link of the dashboard is built here, so that an address changes in one place.</summary>
public static class DashboardUrls
{
    public const string Home = "/";
    public const string SignOut = "/sign-out";
    public const string NotFound = "/not-found";
    public const string Error = "/error";
    public const string Gallery = "/dev/gallery";

    public static string Overview(string organization) => $"/{Escape(organization)}";

    public static string Overview(string organization, TimeRange range) =>
        Overview(organization) + Query(("range", range == TimeRange.Default ? null : range.Key));

    public static string Calls(string organization) => $"/{Escape(organization)}/calls";

    public static string Calls(string organization, CallsQuery query) => Calls(organization) + Query(
        ("server", query.Server), ("gateway", query.Gateway), ("method", query.Method), ("tool", query.Tool), ("outcome", query.Outcome), ("range", query.Range), ("before", query.Before));

    public static string Call(string organization, CallId call) => $"/{Escape(organization)}/calls/{call}";

    public static string Servers(string organization) => $"/{Escape(organization)}/servers";

    /// <summary>The list with the form for a new one open.</summary>
    public static string NewServer(string organization) => Servers(organization) + "?add=true";

    public static string Server(string organization, string slug) => $"/{Escape(organization)}/servers/{Escape(slug)}";

    public static string Gateways(string organization) => $"/{Escape(organization)}/gateways";

    public static string Gateway(string organization, string slug) => $"/{Escape(organization)}/gateways/{Escape(slug)}";

    public static string Tokens(string organization) => $"/{Escape(organization)}/tokens";

    /// <summary>The path at which clients reach a server; the host in front of it is the installation's public one.</summary>
    public static string Endpoint(string organization, string slug) => $"/mcp/{Escape(organization)}/server/{Escape(slug)}";

    /// <summary>The path at which clients reach a virtual gateway.</summary>
    public static string GatewayEndpoint(string organization, string slug) => $"/mcp/{Escape(organization)}/gateway/{Escape(slug)}";

    public static string SignIn(string? returnUrl = null) => "/sign-in" + Query(("returnUrl", returnUrl));

    public static string SignInProblem(string problem) => SignIn() + Query(("problem", problem));

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        string text = "";
        foreach (var (name, value) in parameters)
        {
            if (!string.IsNullOrEmpty(value)) text += $"{(text.Length == 0 ? '?' : '&')}{name}={Escape(value)}";
        }

        return text;
    }

    private static string Escape(string value) => Uri.EscapeDataString(value);
}
