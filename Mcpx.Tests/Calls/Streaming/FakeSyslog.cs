using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mcpx.Tests.Calls.Streaming;

/// <summary>A syslog server: reads messages behind their lengths until the sender's end, and closes then.</summary>
internal sealed class FakeSyslog : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public FakeSyslog(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Of connections that came to their end in order.</summary>
    public ConcurrentQueue<string> Messages { get; } = new();

    /// <summary>How many connections to reset in the middle of their first message.</summary>
    public int Resets { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
        _certificate?.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                try
                {
                    await ReadAsync(socket);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The sender did not like the certificate.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ReadAsync(Socket socket)
    {
        await using Stream network = new NetworkStream(socket);
        Stream stream = network;
        if (_certificate is not null)
        {
            SslStream tls = new(network);
            await tls.AuthenticateAsServerAsync(_certificate);
            stream = tls;
        }

        if (Resets > 0)
        {
            Resets--;
            await stream.ReadExactlyAsync(new byte[20], _stop.Token);
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
            return;
        }

        using MemoryStream all = new();
        await stream.CopyToAsync(all, _stop.Token);
        foreach (string message in Split(all.ToArray())) Messages.Enqueue(message);
    }

    /// <summary>RFC 6587, section 3.4.1.</summary>
    private static IEnumerable<string> Split(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int space = Array.IndexOf(bytes, (byte)' ', at);
            int length = int.Parse(Encoding.ASCII.GetString(bytes, at, space - at));
            yield return Encoding.UTF8.GetString(bytes, space + 1, length);
            at = space + 1 + length;
        }
    }
}
