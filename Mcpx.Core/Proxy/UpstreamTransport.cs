using System.Collections.Concurrent;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Health;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>The way to upstreams: a process boundary, and the place where another transport would come in.</summary>
public interface IUpstreamTransport
{
    /// <summary>
    /// Sends with the server's credential and returns as soon as the answer's headers are there; the body is read by the
    /// caller. The request may go out twice, see <see cref="UpstreamAccess"/>.
    /// </summary>
    /// <exception cref="HttpRequestException">Nothing usable came back.</exception>
    Task<HttpResponseMessage> SendAsync(ServerRoute route, HttpRequestMessage request, CancellationToken cancellationToken);
}

/// <summary>
/// Streamable HTTP through the egress guard, one connection pool per (organisation, server): two tenants never share a
/// connection, even to the same host.
/// </summary>
public sealed class HttpUpstreamTransport(EgressHandlerFactory handlers, UpstreamAccess access, TimeProvider time) : IUpstreamTransport, IDisposable
{
    /// <summary>As many calls and as many streams as a server may have: how many it has is <see cref="UpstreamGuard"/>'s to say, and who waits for a connection here would time out.</summary>
    private const int MostConnections = 2 * UpstreamLimits.MostConcurrentCalls;

    private static readonly TimeSpan ForgetAfter = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(OrganizationId, ServerId), Pool> _pools = new();

    public Task<HttpResponseMessage> SendAsync(ServerRoute route, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (OrganizationId Organization, ServerId Server) key = (route.Organization.Id, route.Server.Id);
        if (!_pools.TryGetValue(key, out Pool? pool)) pool = Open(key);
        Volatile.Write(ref pool.LastUsed, time.GetTimestamp());
        return access.SendAsync(pool.Invoker, route.Server, route.Credential, request, cancellationToken);
    }

    public void Dispose()
    {
        foreach (Pool pool in _pools.Values)
            pool.Invoker.Dispose();
    }

    private Pool Open((OrganizationId Organization, ServerId Server) key)
    {
        ForgetUnused();
        return _pools.GetOrAdd(key, _ => new Pool(new HttpMessageInvoker(handlers.CreateFor(key.Organization, MostConnections))));
    }

    /// <summary>A pool that nobody used for long has no open connections any more; it is left to the collector.</summary>
    private void ForgetUnused()
    {
        foreach (((OrganizationId, ServerId) key, Pool pool) in _pools)
        {
            if (time.GetElapsedTime(Volatile.Read(ref pool.LastUsed)) > ForgetAfter)
                _pools.TryRemove(key, out _);
        }
    }

    private sealed class Pool(HttpMessageInvoker invoker)
    {
        public HttpMessageInvoker Invoker { get; } = invoker;

        public long LastUsed;
    }
}
