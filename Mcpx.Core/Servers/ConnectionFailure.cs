using System.Net;
using System.Net.Sockets;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using ModelContextProtocol;

namespace Mcpx.Core.Servers;

/// <summary>A server answered, but not as MCP; the message is a sentence that is safe to show.</summary>
public sealed class NotMcpException(string message) : Exception(message);

/// <summary>Why a server could not be spoken to.</summary>
public static class ConnectionFailure
{
    /// <summary>In words that help, without secrets; null for a mistake of ours.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        TimeoutException or NotMcpException or CredentialUnreadableException or EgressDeniedException or UpstreamTokenException => exception.Message,
        OperationCanceledException => "No answer in time.",
        HttpRequestException { InnerException: EgressDeniedException e } => e.Message,
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } e =>
            $"The server refuses the credential ({(int)e.StatusCode!}). Check its kind, header and secret.",
        HttpRequestException { StatusCode: { } status } => $"The server answered {(int)status}. Is this the address of its MCP endpoint?",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => "The name can't be resolved.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "The TLS connection failed: check the certificate.",
        HttpRequestException { InnerException: SocketException e } => $"The connection failed: {e.Message}.",
        HttpRequestException e => $"The request failed: {e.Message}",
        McpException or System.Text.Json.JsonException or InvalidOperationException or IOException => $"The answer is not MCP: {exception.Message}",
        _ => null,
    };
}
