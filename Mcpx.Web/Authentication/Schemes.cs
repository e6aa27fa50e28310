namespace Mcpx.Web.Authentication;

/// <summary>Who comes in how. The MCP door is not here: its filter authenticates, see <c>AuthenticateFilter</c>.</summary>
internal static class Schemes
{
    /// <summary>People in a browser: a cookie.</summary>
    public const string Dashboard = "Dashboard";

    /// <summary>Automation: a personal access token in the Authorization header.</summary>
    public const string Token = "Token";
}

internal static class Policies
{
    public const string ApiRead = "ApiRead";
    public const string ApiWrite = "ApiWrite";
    public const string Dashboard = "DashboardUser";
}

internal static class McpxClaims
{
    public const string UserId = "sub";
    public const string Scope = "scope";

    /// <summary>The dashboard session that a cookie belongs to.</summary>
    public const string SessionId = "sid";

    /// <summary>How somebody came into the dashboard.</summary>
    public const string Provider = "idp";

    /// <summary>Where the present request comes from; of the request, never of the cookie.</summary>
    public const string Address = "mcpx:address";

    /// <summary>The browser as it calls itself, likewise.</summary>
    public const string UserAgent = "mcpx:user-agent";
}
