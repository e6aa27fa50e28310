namespace Mcpx.Web.Dashboard;

/// <summary>Every link of the dashboard is built here, so that an address changes in one place.</summary>
public static class DashboardUrls
{
    public const string Home = "/";
    public const string SignOut = "/sign-out";
    public const string NotFound = "/not-found";
    public const string Gallery = "/dev/gallery";

    public static string Overview(string organization) => $"/{Escape(organization)}";

    public static string Calls(string organization) => $"/{Escape(organization)}/calls";

    public static string Servers(string organization) => $"/{Escape(organization)}/servers";

    public static string Tokens(string organization) => $"/{Escape(organization)}/tokens";

    public static string SignIn(string? returnUrl = null) =>
        string.IsNullOrEmpty(returnUrl) ? "/sign-in" : $"/sign-in?returnUrl={Escape(returnUrl)}";

    private static string Escape(string value) => Uri.EscapeDataString(value);
}
