using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mcpx.Tests.Fixtures;

/// <summary>A mail server that says yes to everything, or no to every message, and keeps what it got.</summary>
internal sealed class FakeMailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _work;

    public FakeMailServer()
    {
        _listener.Start();
        _work = Task.Run(AcceptAsync);
    }

    public ConcurrentQueue<string> Messages { get; } = [];

    /// <summary>The commands before the messages.</summary>
    public ConcurrentQueue<string> Commands { get; } = [];

    public bool Refuses { get; set; }

    public string Url => $"smtp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}?tls=none";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _work;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_end.IsCancellationRequested)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
                await TalkAsync(client.GetStream());
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or InvalidOperationException)
        {
            // The test is over; a listener that was stopped meanwhile says that it is not listening.
        }
    }

    private async Task TalkAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.UTF8);
        await using StreamWriter writer = new(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        await writer.WriteLineAsync("220 fake");
        while (await reader.ReadLineAsync(_end.Token) is { } line)
        {
            Commands.Enqueue(line);
            if (line.StartsWith("QUIT", StringComparison.Ordinal)) return;
            if (line != "DATA" || Refuses)
            {
                await writer.WriteLineAsync(Refuses && line.StartsWith("MAIL", StringComparison.Ordinal) ? "451 not today" : "250 fine");
                continue;
            }

            await writer.WriteLineAsync("354 go on");
            StringBuilder message = new();
            while (await reader.ReadLineAsync(_end.Token) is { } part && part != ".") message.Append(part).Append('\n');
            Messages.Enqueue(message.ToString());
            await writer.WriteLineAsync("250 kept");
        }
    }
}
