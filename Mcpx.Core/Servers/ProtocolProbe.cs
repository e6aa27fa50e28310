using System.Net;
using System.Text.Json;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>
/// Finds out how a server is spoken to (MCP 2026-07-28, Versioning and Streamable HTTP, "Backward Compatibility"): a
/// stateless request, <c>initialize</c>, and when neither is understood the transport of 2024-11-05.
/// </summary>
public sealed class ProtocolProbe(EgressHandlerFactory egress, UpstreamAccess access, TimeProvider time)
{
    /// <summary>The id of every request of a probe.</summary>
    internal const string Id = "mcpx-probe";

    /// <summary>In bytes.</summary>
    internal const int LongestAnswer = 1 << 20;

    internal const string Initialize = $$$"""
        {"jsonrpc":"2.0","id":"{{{Id}}}","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpx","version":"1"} } }
        """;

    internal const string Discover = $$$"""
        {"jsonrpc":"2.0","id":"{{{Id}}}","method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"{{{UpstreamProtocol.StatelessVersion}}}","io.modelcontextprotocol/clientInfo":{"name":"mcpx","version":"1"},"io.modelcontextprotocol/clientCapabilities":{} } } }
        """;

    /// <summary>What <see cref="Discover"/> is sent with.</summary>
    internal static (string Name, string Value)[] DiscoverHeaders { get; } =
        [("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", UpstreamProtocol.StatelessVersion), ("Mcp-Method", "server/discover")];

    private const string VersionHeader = "MCP-Protocol-Version";
    private const string VersionMember = "protocolVersion";
    private const int MostConnections = 4;

    /// <summary>HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: errors that only a server of the stateless era knows.</summary>
    private const int HeaderMismatch = -32020;
    private const int MissingCapability = -32021;
    private const int UnsupportedVersion = -32022;

    // An old server may keep silent at a method that it does not know; initialize comes after it.
    private static readonly TimeSpan DiscoverPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    /// <summary>What servers of other transports answer to a POST.</summary>
    private static readonly HttpStatusCode[] NotPostedTo =
        [HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed, HttpStatusCode.NotAcceptable, HttpStatusCode.UnsupportedMediaType];

    /// <summary>Takes some milliseconds, and up to about 20 seconds from a server that keeps silent. <see cref="ConnectionFailure"/> explains what it throws.</summary>
    /// <exception cref="HttpRequestException">Unreachable, or (with its status) the credential is refused or there is nothing of the kind.</exception>
    /// <exception cref="TimeoutException">A request was not answered in time.</exception>
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    /// <exception cref="UpstreamTokenException">No token is to be had.</exception>
    /// <exception cref="NotMcpException">What answers is not MCP, or no revision that the gateway knows.</exception>
    public async Task<UpstreamProtocol> ProbeAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken)
    {
        // Connections of its own: two tenants never share one, even to the same host.
        DelegatingHandler handler = access.HandlerFor(server, credential);
        handler.InnerHandler = egress.CreateFor(server.Organization, MostConnections);
        using HttpMessageInvoker http = new(handler);
        ProbeTarget target = new(http, server.Url, time);
        bool isStateless = await SpeaksStatelessAsync(target, cancellationToken);
        Handshake handshake;
        try
        {
            handshake = await target.WithinAsync(isStateless ? DiscoverPatience : ProbeTarget.LongestRequest, token => InitializeAsync(target, token), cancellationToken);
        }
        catch (Exception e) when (isStateless && !cancellationToken.IsCancellationRequested && ConnectionFailure.Explain(e) is not null)
        {
            handshake = new Handshake(Version: null, e);
        }

        if (handshake.Version is not null || isStateless)
        {
            UpstreamEras eras = (isStateless ? UpstreamEras.Stateless : UpstreamEras.None) | (handshake.Version is null ? UpstreamEras.None : UpstreamEras.Session);
            return new UpstreamProtocol(eras, OverSse: false, handshake.Version, Instant.Now(time));
        }

        if (handshake.MayBeOverSse && await SseProbe.InitializeAsync(target, cancellationToken) is { } answer)
            return new UpstreamProtocol(UpstreamEras.Session, OverSse: true, VersionOf(answer), Instant.Now(time));
        throw handshake.Failure!;
    }

    private static async Task<bool> SpeaksStatelessAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        try
        {
            return await target.WithinAsync(DiscoverPatience, async token =>
            {
                using HttpResponseMessage response = await target.SendAsync(HttpMethod.Post, target.Url, Discover, token,
                    (VersionHeader, UpstreamProtocol.StatelessVersion), ("Mcp-Method", "server/discover"));
                RpcAnswer? answer = await RpcAnswer.ReadAsync(response, Id, LongestAnswer, token);
                return answer switch
                {
                    { Result: { } result } => response.IsSuccessStatusCode && Names(result, "supportedVersions") is true,
                    { Error: { Code: HeaderMismatch or MissingCapability } error } => error.Data is not { } data || Names(data, "supported") is not false,
                    { Error: { Code: UnsupportedVersion, Data: { } data } } => Names(data, "supported") is true,
                    _ => false,
                };
            }, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or NotMcpException)
        {
            return false;
        }
    }

    private static async Task<Handshake> InitializeAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await target.SendAsync(HttpMethod.Post, target.Url, Initialize, cancellationToken);
        RpcAnswer? answer = await RpcAnswer.ReadAsync(response, Id, LongestAnswer, cancellationToken);
        bool mayBeOverSse = NotPostedTo.Contains(response.StatusCode) || answer is null && response.IsSuccessStatusCode;
        await EndSessionAsync(target, response, answer, cancellationToken);
        if (!response.IsSuccessStatusCode) return new Handshake(null, ProbeTarget.Failure(response), mayBeOverSse);
        if (answer is null) return new Handshake(null, new NotMcpException("The answer is not MCP: it is no JSON-RPC message."), mayBeOverSse);
        try
        {
            return new Handshake(VersionOf(answer));
        }
        catch (NotMcpException e)
        {
            return new Handshake(null, e);
        }
    }

    /// <summary>Some servers keep a session until it is ended, and allow a limited number.</summary>
    private static async Task EndSessionAsync(ProbeTarget target, HttpResponseMessage opened, RpcAnswer? answer, CancellationToken cancellationToken)
    {
        if (!opened.Headers.TryGetValues("Mcp-Session-Id", out IEnumerable<string>? ids) || ids.FirstOrDefault() is not { Length: > 0 } id) return;
        string? said = answer?.Result is { } result ? RpcAnswer.TextOf(result, VersionMember) : null;
        string version = UpstreamProtocol.SessionVersions.FirstOrDefault(v => v == said, UpstreamProtocol.SessionVersions[0]);
        try
        {
            using HttpResponseMessage ended = await target.WithinAsync(FarewellPatience,
                token => target.SendAsync(HttpMethod.Delete, target.Url, body: null, token, ("Mcp-Session-Id", id), (VersionHeader, version)), cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or IOException)
        {
            // A server need not know DELETE.
        }
    }

    private static string VersionOf(RpcAnswer answer)
    {
        if (answer.Error is { } error) throw new NotMcpException($"The server refuses to initialize: {error.Message} ({error.Code}).");
        string? version = RpcAnswer.TextOf(answer.Result!.Value, VersionMember);
        if (version is not null && UpstreamProtocol.SessionVersions.Contains(version)) return version;
        throw new NotMcpException("The server speaks a revision of MCP that is not known here.");
    }

    /// <summary>Whether the list names the stateless era's revision; null when there is no such list.</summary>
    private static bool? Names(JsonElement holder, string list) =>
        holder.ValueKind is JsonValueKind.Object && holder.TryGetProperty(list, out JsonElement versions) && versions.ValueKind is JsonValueKind.Array
            ? versions.EnumerateArray().Any(v => v.ValueKind is JsonValueKind.String && v.ValueEquals(UpstreamProtocol.StatelessVersion))
            : null;

    /// <param name="Failure">Why there is no version.</param>
    private sealed record Handshake(string? Version, Exception? Failure = null, bool MayBeOverSse = false);
}
