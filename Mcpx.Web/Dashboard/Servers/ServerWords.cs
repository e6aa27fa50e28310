using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Health;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>How the settings of a server are said to people.</summary>
internal static class ServerWords
{
    public static string Credential(StoredCredential? credential) => credential switch
    {
        null => "none",
        { Kind: CredentialKind.ApiKey } => $"API key {credential.Hint}",
        { Kind: CredentialKind.ClientCredentials } => $"OAuth client {credential.Hint}",
        _ => $"bearer {credential.Hint}",
    };

    public static string State(ServerHealth health) => health.State.ToString().ToLowerInvariant();

    public static Tone Tone(ServerHealth health) => health.State switch
    {
        ServerState.Off => Controls.Tone.Neutral,
        ServerState.On => Controls.Tone.Good,
        _ => Controls.Tone.Bad,
    };

    public static string Limits(UpstreamLimits limits) =>
        $"first byte within {limits.FirstByteSeconds} s, {limits.AnswerMebibytes:N0} MiB an answer, {limits.ConcurrentCalls:N0} calls at once";

    /// <summary>For a column; <see cref="UpstreamProtocol.InWords"/> says it whole.</summary>
    public static string Era(UpstreamProtocol? protocol) => protocol switch
    {
        null => "not found out yet",
        { OverSse: true } => "HTTP+SSE",
        { SpeaksSession: true, SpeaksStateless: true } => "both eras",
        { SpeaksSession: true } => "sessions",
        _ => "stateless",
    };

    public static string Method(ClientMethod method) => method switch
    {
        ClientMethod.ClientSecretBasic => "secret in a header",
        ClientMethod.ClientSecretPost => "secret in the form",
        _ => "signature by a private key",
    };

    public static string Rules(ToolPolicy? policy) => policy switch
    {
        // Closed until the rules are loaded, so nothing better may be said.
        null => "not loaded",
        { Mode: GovernanceMode.None } => "all tools",
        { Enforced: false } => $"{policy.Mode.ToString().ToLowerInvariant()}, {policy.Rules:N0}, tried out",
        { Mode: GovernanceMode.Allowlist } => $"allowlist, {policy.Rules:N0}",
        _ => $"blocklist, {policy.Rules:N0}",
    };
}
