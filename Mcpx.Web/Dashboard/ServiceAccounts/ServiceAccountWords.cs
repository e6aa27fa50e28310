using Mcpx.Core.Identity;

namespace Mcpx.Web.Dashboard.ServiceAccounts;

/// <summary>Service accounts in words.</summary>
internal static class ServiceAccountWords
{
    public static string Proof(ServiceAccountDetails details, DateTimeOffset now)
    {
        string? secrets = details.Secrets.Count(s => s.IsLive(now)) switch { 0 => null, 1 => "1 secret", var n => $"{n} secrets" };
        string? keys = details.Account.Jwks is null ? null : "its own keys";
        return (secrets, keys) switch { (null, null) => "nothing yet", (null, _) => keys!, (_, null) => secrets, _ => $"{secrets}, {keys}" };
    }

    /// <summary>Lines of curl that get a token and use it.</summary>
    public static string Curl(string tokenEndpoint, string client, string secret, string resource) =>
        $"""
        curl -s {tokenEndpoint} -u '{client}:{secret}' \
          -d grant_type=client_credentials \
          -d resource={resource}
        """;
}
