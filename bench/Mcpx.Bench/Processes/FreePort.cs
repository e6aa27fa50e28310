using System.Net;
using System.Net.Sockets;

namespace Mcpx.Bench.Processes;

/// <summary>A port for a program that has to be told one.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
