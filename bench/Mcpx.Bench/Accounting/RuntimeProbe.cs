using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mcpx.Bench.Accounting;

/// <summary>What only the runtime inside a process knows of it, in bytes.</summary>
/// <param name="Heap">The managed heap: what is alive, after a collection.</param>
/// <param name="Allocated">Everything allocated since the process began.</param>
internal sealed record RuntimeReading(long Heap, long Allocated);

/// <summary>
/// Asks a .NET process of the run about its heap. Inside it a thread, which <see cref="StartupHook"/> starts, sleeps until
/// somebody asks: the program that is measured knows nothing of it.
/// </summary>
internal static class RuntimeProbe
{
    private const byte Read = (byte)'r';
    private const byte CollectAndRead = (byte)'c';

    /// <summary>To be set for the process: loads this program into it.</summary>
    public static KeyValuePair<string, string> Variable => new("DOTNET_STARTUP_HOOKS", typeof(RuntimeProbe).Assembly.Location);

    /// <param name="collect">Collects everything first, and gives back to the system what that frees.</param>
    /// <returns>Null when the process is gone, or has no probe.</returns>
    public static async Task<RuntimeReading?> ReadAsync(int processId, bool collect, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(PathOf(processId)), cancellationToken);
            await socket.SendAsync(new[] { collect ? CollectAndRead : Read }, cancellationToken);
            using var reader = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
            return await reader.ReadLineAsync(cancellationToken) is { } line && line.Split(' ') is [var heap, var allocated]
                ? new RuntimeReading(long.Parse(heap, CultureInfo.InvariantCulture), long.Parse(allocated, CultureInfo.InvariantCulture))
                : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Answers <see cref="ReadAsync"/> inside the measured process until it ends.</summary>
    public static void Serve()
    {
        var path = PathOf(Environment.ProcessId);
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        new Thread(() => Answer(listener)) { IsBackground = true, Name = "bench probe" }.Start();
    }

    // Blocking calls on a thread of its own: nothing of it runs on the pool whose work is measured.
    private static void Answer(Socket listener)
    {
        var question = new byte[1];
        while (true)
        {
            using var asked = listener.Accept();
            try
            {
                if (asked.Receive(question) == 0) continue;
                if (question[0] == CollectAndRead) Collect();
                asked.Send(Encoding.ASCII.GetBytes($"{GC.GetTotalMemory(false)} {GC.GetTotalAllocatedBytes(true)}\n"));
            }
            catch (SocketException)
            {
                // Whoever asked went away; the next one is served.
            }
        }
    }

    private static void Collect()
    {
        // Twice: what finalizers let go of is garbage only then.
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
    }

    private static string PathOf(int processId) => Path.Combine(Path.GetTempPath(), $"mcpx-bench-{processId}.sock");
}
