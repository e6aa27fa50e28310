using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>How the settings of a server are said to people.</summary>
internal static class ServerWords
{
    public static string Credential(StoredCredential? credential) => credential switch
    {
        null => "none",
        { Kind: CredentialKind.ApiKey } => $"API key {credential.Hint}",
        _ => $"bearer {credential.Hint}",
    };

    public static string Limits(UpstreamLimits limits) =>
        $"first byte within {limits.FirstByteSeconds} s, {limits.AnswerMebibytes:N0} MiB an answer, {limits.ConcurrentCalls:N0} calls at once";

    public static string Rules(ToolPolicy? policy) => policy switch
    {
        // Closed until the rules are loaded, so nothing better may be said.
        null => "not loaded",
        { Mode: GovernanceMode.None } => "all tools",
        { Mode: GovernanceMode.Allowlist } => $"allowlist, {policy.Rules:N0}",
        _ => $"blocklist, {policy.Rules:N0}",
    };
}
