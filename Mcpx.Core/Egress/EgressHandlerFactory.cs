using System.Net;
using System.Net.Sockets;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Egress;

/// <summary>
/// Makes the handlers of every outbound request. Each deviation from the framework's defaults stops an attack: redirects
/// resend keys and bodies to a host of the attacker's choosing; cookies are shared between tenants; an environment proxy
/// bypasses the address check; a trace header leaks ids across organisations.
/// </summary>
/// <param name="rules">The organisations' lists of hosts; null where none has one.</param>
/// <param name="dial">Connects to addresses that were checked; null for the network.</param>
public sealed class EgressHandlerFactory(AddressGuard guard, EgressRules? rules = null, EgressDial? dial = null)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly EgressDial _dial = dial ?? DialAsync;

    /// <summary>For requests of the installation itself, which no organisation's list binds.</summary>
    /// <param name="maxConnections">Upper bound of connections to one host through this handler.</param>
    public SocketsHttpHandler Create(int maxConnections = 1024) => Create(organization: null, maxConnections);

    /// <summary>For requests that an organisation's configuration causes: its list of hosts is asked at each request and each connect.</summary>
    /// <inheritdoc cref="Create(int)"/>
    public HttpMessageHandler CreateFor(OrganizationId organization, int maxConnections = 1024) =>
        new ListedHosts(this, organization) { InnerHandler = Create(organization, maxConnections) };

    /// <summary>A client for libraries that want one; its only deviation from the handler is that it exists.</summary>
    public HttpClient CreateClient() => ClientOf(Create());

    /// <inheritdoc cref="CreateFor"/>
    /// <param name="around">See every request before the handler, the first one first.</param>
    public HttpClient CreateClientFor(OrganizationId organization, params ReadOnlySpan<DelegatingHandler> around)
    {
        HttpMessageHandler handler = CreateFor(organization);
        for (int i = around.Length - 1; i >= 0; i--)
            (around[i].InnerHandler, handler) = (handler, around[i]);
        return ClientOf(handler);
    }

    /// <summary>The addresses of a name, not checked yet: see <see cref="DemandAllowed"/>.</summary>
    /// <exception cref="SocketException">The name has no address.</exception>
    public Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken) => guard.LookUpAsync(host, cancellationToken);

    /// <exception cref="EgressDeniedException">There is none, or one that may not be connected to.</exception>
    public void DemandAllowed(string host, IPAddress[] addresses) => guard.Demand(host, addresses);

    /// <summary>Connects to one of the addresses, which are checked here: nothing is connected to that was not.</summary>
    public ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        guard.Demand("The address", addresses);
        return _dial(addresses, port, cancellationToken);
    }

    /// <summary>Whether the organisation's list, if it has one, names the host.</summary>
    public bool IsListed(OrganizationId organization, string host) => rules?.Allows(organization, host) is not false;

    /// <exception cref="HostNotListedException">The organisation has a list, and the host is not on it.</exception>
    public void DemandListed(OrganizationId organization, string host)
    {
        if (!IsListed(organization, host)) throw new HostNotListedException(host);
    }

    private SocketsHttpHandler Create(OrganizationId? organization, int maxConnections) => new()
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
        ConnectCallback = async (context, cancellationToken) =>
        {
            DnsEndPoint target = context.DnsEndPoint;
            if (organization is { } tenant) DemandListed(tenant, target.Host);
            IPAddress[] addresses = await guard.ResolveAsync(target.Host, cancellationToken);
            return await _dial(addresses, target.Port, cancellationToken);
        },
    };

    private static HttpClient ClientOf(HttpMessageHandler handler)
    {
#pragma warning disable RS0030 // This is the one way out.
        return new HttpClient(handler, disposeHandler: true);
#pragma warning restore RS0030
    }

    private static async ValueTask<Stream> DialAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A connection that was made before the list changed must not serve on: each request is checked too.</summary>
    private sealed class ListedHosts(EgressHandlerFactory factory, OrganizationId organization) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                factory.DemandListed(organization, request.RequestUri!.IdnHost);
            }
            catch (EgressDeniedException e)
            {
                return Task.FromException<HttpResponseMessage>(new HttpRequestException(e.Message, e));
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>Opens a connection to one of the addresses, all of which were checked.</summary>
public delegate ValueTask<Stream> EgressDial(IPAddress[] addresses, int port, CancellationToken cancellationToken);

/// <summary>A host that a configuration may not reach. Nothing was connected.</summary>
public class EgressDeniedException(string message) : IOException(message)
{
    /// <summary>A name resolved to an address that tenants may not reach.</summary>
    public static EgressDeniedException ByAddress(string host) =>
        new($"“{host}” is at an address that this installation does not open. An operator can open private networks with EGRESS_ALLOW.");
}

/// <summary>The organisation has a list of hosts, and this one is not on it.</summary>
public sealed class HostNotListedException(string host)
    : EgressDeniedException($"“{host}” is not on the organisation's list of allowed hosts. An Owner can add it in the organisation's settings.");
