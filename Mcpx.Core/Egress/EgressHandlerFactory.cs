using System.Net;
using System.Net.Sockets;

namespace Mcpx.Core.Egress;

/// <summary>
/// Makes the handlers of every outbound request. Each deviation from the framework's defaults stops an attack: redirects
/// resend keys and bodies to a host of the attacker's choosing; cookies are shared between tenants; an environment proxy
/// bypasses the address check; a trace header leaks ids across organisations.
/// </summary>
public sealed class EgressHandlerFactory(AddressGuard guard)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <param name="maxConnections">Upper bound of connections to one host through this handler.</param>
    public SocketsHttpHandler Create(int maxConnections = 1024) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = ConnectTimeout,
        MaxConnectionsPerServer = maxConnections,
        // Long enough to be reused, short enough to follow a DNS change.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
        MaxResponseHeadersLength = 32,
        EnableMultipleHttp2Connections = true,
        ConnectCallback = ConnectAsync,
    };

    /// <summary>A client for libraries that want one; its only deviation from the handler is that it exists.</summary>
    /// <param name="around">Sees every request before the handler; null for none.</param>
    public HttpClient CreateClient(DelegatingHandler? around = null)
    {
        HttpMessageHandler handler = Create();
        if (around is not null) (around.InnerHandler, handler) = (handler, around);
#pragma warning disable RS0030 // This is the one way out.
        return new HttpClient(handler, disposeHandler: true);
#pragma warning restore RS0030
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint target = context.DnsEndPoint;
        IPAddress[] addresses = await guard.ResolveAsync(target.Host, cancellationToken);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>A name resolved to an address that tenants may not reach. Nothing was connected.</summary>
public sealed class EgressDeniedException(string host)
    : IOException($"“{host}” is at an address that this installation does not open. An operator can open private networks with EGRESS_ALLOW.");
