using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Audit;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Metrics;

namespace Mcpx.Web.Dashboard;

/// <summary>Every link of the dashboard is built here, so that an address changes in one place.</summary>
public static class DashboardUrls
{
    public const string Home = "/";
    public const string SignOut = "/sign-out";
    public const string NotFound = "/not-found";
    public const string Error = "/error";
    public const string Gallery = "/dev/gallery";
    public const string Profile = "/profile";

    public const string Organizations = "/organizations";
    public const string NewOrganization = "/organizations/new";

    public static string Overview(string organization) => $"/{Escape(organization)}";

    public static string Overview(string organization, TimeRange range) =>
        Overview(organization) + Query(("range", range == TimeRange.Default ? null : range.Key));

    public static string Calls(string organization) => $"/{Escape(organization)}/calls";

    public static string Calls(string organization, CallQuery query) => Calls(organization) + Text(query);

    /// <summary>The calls as a file.</summary>
    public static string CallsExport(string organization, CallQuery query, ExportFormat format, bool payloads)
    {
        string text = Text(query with { Cursor = null });
        return $"/{Escape(organization)}/export/calls{text}{(text.Length == 0 ? '?' : '&')}format={(format is ExportFormat.Csv ? "csv" : "jsonl")}{(payloads ? "&payloads=true" : "")}";
    }

    public static string Call(string organization, CallId call) => $"/{Escape(organization)}/calls/{call}";

    public static string Retention(string organization) => $"/{Escape(organization)}/retention";

    public static string Metrics(string organization) => $"/{Escape(organization)}/metrics";

    /// <summary>Of some calls, some time, or in another order.</summary>
    public static string Metrics(string organization, MetricsView view) => Metrics(organization) + (view.ToText() is { Length: > 0 } text ? "?" + text : "");

    public static string RepeatCall(string organization, CallId call) => Call(organization, call) + "/again";

    public static string Exports(string organization) => $"/{Escape(organization)}/exports";

    public static string Audit(string organization) => $"/{Escape(organization)}/audit";

    /// <summary>The chain of calls and entries as a file.</summary>
    public static string ChainExport(string organization) => $"/{Escape(organization)}/export/audit";

    public static string Audit(string organization, AuditQuery query) => Audit(organization) + Query(
        ("log", query.Log), ("action", query.Action), ("person", query.Person), ("subject", query.Subject), ("range", query.Range), ("before", query.Before));

    public static string Servers(string organization) => $"/{Escape(organization)}/servers";

    /// <summary>The servers with a tag.</summary>
    public static string Servers(string organization, string? tag) => Servers(organization) + Query(("tag", tag));

    /// <summary>The list with the form for a new one open.</summary>
    public static string NewServer(string organization) => Servers(organization) + "?add=true";

    public static string Server(string organization, string slug) => $"/{Escape(organization)}/servers/{Escape(slug)}";

    public static string ToolDefinitions(string organization) => $"/{Escape(organization)}/tool-definitions";

    /// <summary>The definitions of one server's tools.</summary>
    public static string ToolDefinitions(string organization, string slug) => Server(organization, slug) + "/tools";

    public static string Gateways(string organization) => $"/{Escape(organization)}/gateways";

    public static string Gateway(string organization, string slug) => $"/{Escape(organization)}/gateways/{Escape(slug)}";

    public static string Access(string organization) => $"/{Escape(organization)}/access";

    /// <param name="who">A kind and an id, e.g. <c>member:…</c>.</param>
    /// <param name="endpoint">Of a server or virtual gateway.</param>
    public static string Access(string organization, string? who, string? endpoint) => Access(organization) + Query(("who", who), ("endpoint", endpoint));

    /// <param name="range">Of the figures by organisation; null for the usual one.</param>
    public static string Operations(string organization, string? range = null) => $"/{Escape(organization)}/operations{(range is null ? "" : $"?range={Escape(range)}")}";

    public static string Limits(string organization) => $"/{Escape(organization)}/limits";

    /// <param name="server">The slug of the server whose settings are shown; null for the organisation's.</param>
    public static string Redaction(string organization, string? server) => Redaction(organization) + Query(("server", server));

    public static string Redaction(string organization) => $"/{Escape(organization)}/redaction";

    public static string Groups(string organization) => $"/{Escape(organization)}/groups";

    public static string Tokens(string organization) => $"/{Escape(organization)}/tokens";

    /// <summary>The tokens of one person.</summary>
    public static string Tokens(string organization, UserId? user) => Tokens(organization) + Query(("user", user?.ToString()));

    public static string ServiceAccounts(string organization) => $"/{Escape(organization)}/service-accounts";

    public static string ServiceAccount(string organization, ServiceAccountId account) => $"/{Escape(organization)}/service-accounts/{account}";

    /// <summary>The path for clients whose token stands in a header: where no sign-in is announced, none looks for one.</summary>
    public static string HeaderEndpoint(string slug, bool isGateway = false) => $"/mcp/{(isGateway ? "gateway" : "server")}/{Escape(slug)}";

    public static string Members(string organization) => $"/{Escape(organization)}/members";

    public static string Settings(string organization) => $"/{Escape(organization)}/settings";

    public static string AcceptInvitation(string? code) => InvitationLinks.AcceptPath + Query(("code", code));

    /// <summary>The path at which clients reach a server; the host in front of it is the installation's public one.</summary>
    public static string Endpoint(string organization, string slug) => $"/mcp/{Escape(organization)}/server/{Escape(slug)}";

    /// <summary>The path at which clients reach a virtual gateway.</summary>
    public static string GatewayEndpoint(string organization, string slug) => $"/mcp/{Escape(organization)}/gateway/{Escape(slug)}";

    public static string SignIn(string? returnUrl = null) => "/sign-in" + Query(("returnUrl", returnUrl));

    /// <summary>Leaves for a provider.</summary>
    public static string SignInWith(string provider, string? returnUrl = null) => $"/sign-in/with/{Escape(provider)}" + Query(("returnUrl", returnUrl));

    /// <summary>Leaves for a provider, to link a login there to the account.</summary>
    /// <param name="ticket">Of <c>LinkTickets</c>.</param>
    public static string LinkProvider(string provider, string ticket) => $"/profile/link/{Escape(provider)}" + Query(("ticket", ticket));

    public static string SignInProblem(string problem) => SignIn() + Query(("problem", problem));

    private static string Text(CallQuery query) => query.ToText() is { Length: > 0 } text ? "?" + text : "";

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
