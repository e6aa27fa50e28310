using Mcpx.Core.Credentials;
using Mcpx.Core.Health;
using Mcpx.Core.Servers;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Api;

/// <summary>A server as the API shows it: the credential's kind and a masked hint, never the secret.</summary>
internal sealed record ServerAnswer(
    string Id, string Slug, string Name, string Description, string Url, string Endpoint, int TimeoutSeconds, bool Enabled,
    bool HasCredential, CredentialKind CredentialKind, string? CredentialHeader, string? CredentialHint, ClientAnswer? CredentialClient,
    UpstreamLimits Limits, ProtocolAnswer? Protocol, IReadOnlyList<string> Tags, IReadOnlyList<ServerHeader> Headers, OwnerAnswer? Owner,
    string ToolPrefix, bool PropagateTrace, ServerHealth Health, LastTestAnswer? LastTest, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ServerAnswer From(ServerDetails details, CircuitState circuit, string organization, PublicAddress address)
    {
        UpstreamServer server = details.Server;
        return new ServerAnswer(server.Id.ToString(), server.Slug, server.Name, server.Description, server.Url.OriginalString,
            address.To($"/mcp/{organization}/server/{server.Slug}"), server.TimeoutSeconds, server.Enabled,
            details.Credential is not null, details.Credential?.Kind ?? CredentialKind.None, details.Credential?.Header, details.Credential?.Hint,
            details.Credential?.Client is { } client ? ClientAnswer.From(client) : null,
            server.Limits, server.Protocol is null ? null : ProtocolAnswer.From(server.Protocol), server.Tags, server.Headers,
            server.Owner is { } owner ? new OwnerAnswer(owner.ToString(), details.OwnerName ?? "") : null,
            server.ToolPrefix, server.PropagateTrace, ServerHealth.Of(server, circuit), details.LastTest is { } test ? new LastTestAnswer(test.At, test.Failure is null, test.Failure) : null, server.CreatedAt, server.UpdatedAt);
    }
}

internal sealed record OwnerAnswer(string Id, string Name);

/// <param name="Failure">What the step that failed said; null when all went well.</param>
internal sealed record LastTestAnswer(DateTimeOffset At, bool Ok, string? Failure);

/// <summary>What is readable of client credentials.</summary>
internal sealed record ClientAnswer(string ClientId, ClientMethod Method, string? TokenUrl, string? Issuer, string? Scope, string? Resource, string? KeyId)
{
    public static ClientAnswer From(ClientSettings settings) =>
        new(settings.ClientId, settings.Method, settings.TokenUrl, settings.Issuer, settings.Scope, settings.Resource, settings.KeyId);
}

/// <summary>How a server is spoken to, in the words of the API.</summary>
internal sealed record ProtocolAnswer(IReadOnlyList<string> Eras, string Transport, string? SessionVersion, DateTimeOffset ProbedAt)
{
    public static ProtocolAnswer From(UpstreamProtocol protocol) => new(
        [.. protocol.SpeaksSession ? ["session"] : Array.Empty<string>(), .. protocol.SpeaksStateless ? ["stateless"] : Array.Empty<string>()],
        protocol.OverSse ? "sse" : "streamableHttp", protocol.SessionVersion, protocol.ProbedAt);
}

/// <param name="Eras">Empty, and the transport null, when the server was not reached.</param>
internal sealed record ConnectionAnswer(
    bool Ok, IReadOnlyList<ConnectionStep> Steps, int? Tools, IReadOnlyList<string> ToolNames, IReadOnlyList<string> Eras, string? Transport, string? ProtocolVersion,
    string? ServerName, string? FoundIssuer)
{
    public static ConnectionAnswer From(ConnectionReport report)
    {
        ProtocolAnswer? protocol = report.Protocol is null ? null : ProtocolAnswer.From(report.Protocol);
        return new ConnectionAnswer(report.Ok, report.Steps, report.Tools, report.ToolNames, protocol?.Eras ?? [], protocol?.Transport, report.ProtocolVersion,
            report.ServerName, report.FoundIssuer);
    }
}

/// <summary>What would miss a server that is deleted.</summary>
internal sealed record DependentsAnswer(
    IReadOnlyList<DependentAnswer> Gateways, int Rules, IReadOnlyList<DependentAnswer> Tokens, IReadOnlyList<DependentAnswer> ServiceAccounts)
{
    public static DependentsAnswer From(ServerDependents dependents) =>
        new(All(dependents.Gateways), dependents.Rules, All(dependents.Tokens), All(dependents.ServiceAccounts));

    private static IReadOnlyList<DependentAnswer> All(IReadOnlyList<Dependent> dependents) =>
        [.. dependents.Select(d => new DependentAnswer(d.Id.ToString("D"), d.Name, d.Slug, d.OnlyThis))];
}

internal sealed record DependentAnswer(string Id, string Name, string? Slug, bool OnlyThis);
