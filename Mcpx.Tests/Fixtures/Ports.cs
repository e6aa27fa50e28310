using System.Net;
using System.Net.Sockets;

namespace Mcpx.Tests.Fixtures;

/// <summary>
/// Ports for what has to be told its port before it listens. They lie below the range that the system takes from when
/// somebody asks for any port, as most fixtures and every outgoing connection do: from there, a port that was free a
/// moment ago may be taken by the time it is used.
/// </summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Count = 12_000;

    // Two runs on one machine begin at different places.
    private static int s_next = Random.Shared.Next(Count);

    /// <summary>A port that nobody listens on, and that no other caller in this run gets.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody is there.
            }
        }
    }
}
