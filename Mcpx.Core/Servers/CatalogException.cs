using System.Net;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using ModelContextProtocol;

namespace Mcpx.Core.Servers;

/// <summary>Why a server's catalogue is not there, as codes for programs.</summary>
public static class CatalogReasons
{
    public const string Unreachable = "upstream_unreachable";
    public const string Timeout = "upstream_timeout";
    public const string ProtocolError = "upstream_protocol_error";
    public const string Unauthorized = "upstream_unauthorized";
    public const string CredentialUnreadable = "credential_unreadable";

    /// <summary>The authorization server gives no token for it.</summary>
    public const string TokenUnavailable = "token_unavailable";

    /// <summary>It names another authorization server than the one on its record.</summary>
    public const string IssuerDiffers = "issuer_differs";

    /// <summary>Nothing failed: somebody switched the server off.</summary>
    public const string ServerDisabled = "server_disabled";

    /// <summary>Nothing failed: the server is being asked for the first time.</summary>
    public const string NotReadYet = "not_read_yet";
}

/// <summary>A server's catalogue could not be read.</summary>
/// <param name="reason">One of <see cref="CatalogReasons"/>.</param>
/// <param name="message">A sentence for everybody who may call the server: no address, nothing that it answered.</param>
public sealed class CatalogException(string reason, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public string Reason { get; } = reason;

    internal static CatalogException Timeout(Exception? exception = null) =>
        new(CatalogReasons.Timeout, "The server did not answer in time.", exception);

    internal static CatalogException NotMcp(string message, Exception? exception = null) => new(CatalogReasons.ProtocolError, message, exception);

    /// <summary>What the SDK's client or the network threw, as one of the reasons.</summary>
    internal static CatalogException From(Exception exception) => exception switch
    {
        CatalogException known => known,
        UpstreamTokenException { Failure: TokenFailure.IssuerDiffers } => new(CatalogReasons.IssuerDiffers, "The server names another authorization server than the one on its record. An administrator has to look.", exception),
        UpstreamTokenException => new(CatalogReasons.TokenUnavailable, "The gateway gets no access token for the server. An administrator has to look.", exception),
        OperationCanceledException or TimeoutException => Timeout(exception),
        CredentialUnreadableException => new(CatalogReasons.CredentialUnreadable, "The server's credential can't be read with the keys of this installation. Enter it again.", exception),
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } e =>
            new(CatalogReasons.Unauthorized, $"The server refuses the credential ({(int)e.StatusCode!}).", exception),
        HttpRequestException { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } e =>
            new(CatalogReasons.Unreachable, $"The server is not available ({(int)e.StatusCode!}).", exception),
        HttpRequestException { StatusCode: { } status } => NotMcp($"The server answered {(int)status} instead of its lists.", exception),
        EgressDeniedException or HttpRequestException { InnerException: EgressDeniedException } =>
            new(CatalogReasons.Unreachable, "The server is at an address that this installation does not open.", exception),
        HttpRequestException or IOException => new(CatalogReasons.Unreachable, "The server can't be reached, or the connection broke.", exception),
        McpProtocolException e => NotMcp($"The server refused to list what it offers (error {(int)e.ErrorCode}).", exception),
        _ => NotMcp("What the server answers is not MCP.", exception),
    };
}
