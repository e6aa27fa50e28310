using Mcpx.Core.Identity;
using Mcpx.Web.Authentication.Providers;

namespace Mcpx.Web.Authentication;

/// <summary>The dashboard's addresses that signing in leads to; they stand here so that both sides agree.</summary>
internal static class AuthenticationPaths
{
    public const string SignIn = "/sign-in";
    public const string Profile = "/profile";

    /// <summary>The login belongs to another account.</summary>
    public const string TakenProblem = "taken";

    /// <summary>Registered at the providers: changing it takes every operator's hand.</summary>
    public static string Callback(string provider) => $"/sign-in/callback/{provider}";

    public static string SignInProblem(string problem, string? provider) => $"{SignIn}?problem={problem}{(provider is null ? "" : $"&provider={provider}")}";

    public static string ProfileProblem(string problem, string provider) => $"{Profile}?problem={problem}&provider={provider}";

    public static string Linked(string provider) => $"{Profile}?linked={provider}";

    public static string WordOf(ProviderProblem problem) => problem switch
    {
        ProviderProblem.Denied => "denied",
        ProviderProblem.Expired => "expired",
        ProviderProblem.Unreachable => "unreachable",
        _ => "answer",
    };

    public static string WordOf(SignInRefusal refusal) => refusal switch
    {
        SignInRefusal.EmailNotVerified => "unverified",
        SignInRefusal.DomainNotAdmitted => "domain",
        _ => "answer",
    };
}

/// <summary>Where somebody goes after signing in: a path of ours or nothing.</summary>
internal static class ReturnUrl
{
    private const int Longest = 1000;

    /// <summary>
    /// Null for whatever a browser might read as another site's address. It is compared as the browser would read it:
    /// after taking out what browsers ignore there is nothing left to ignore, since all of that is refused.
    /// </summary>
    public static string? Local(string? text)
    {
        if (text is not { Length: > 1 and <= Longest } || !IsPath(text)) return null;
        // One more look behind the escapes, for the proxy that decodes a path before it passes it on.
        string path = Uri.UnescapeDataString(text.Split('?', '#')[0]);
        bool harmless = path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal)
            && !path.Contains("/.", StringComparison.Ordinal) && !path.Any(char.IsControl);
        return harmless && !LeadsAway(path) ? text : null;
    }

    /// <summary>Absolute, printable ASCII: browsers drop tabs and line ends, take a backslash for a slash, and map wide letters to narrow ones.</summary>
    private static bool IsPath(string text) =>
        text[0] == '/' && text[1] is not '/' and not '\\' && text.All(c => c is > ' ' and < '\u007f' and not '\\');

    /// <summary>Not back to where signing in begins, nor to what answers no page.</summary>
    private static bool LeadsAway(string path) =>
        new[] { "/sign-in", "/sign-out", "/api", "/mcp", "/oauth", "/_blazor" }.Any(own => new PathString(path).StartsWithSegments(own, StringComparison.OrdinalIgnoreCase));
}
