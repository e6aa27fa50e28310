using ModelContextProtocol.Server;

namespace Mcpx.SampleHosting;

/// <summary>The SDK's transport and server side by side: for as long as a session lives, or for one stateless request.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly McpServer _mcp;
    private readonly Task _running;
    private int _open;
    private int _streamTaken;
    private int _closed;

    public McpSession(SampleServer server, string? id, ILoggerFactory loggerFactory)
    {
        Server = server;
        Transport = new StreamableHttpServerTransport(loggerFactory) { SessionId = id, Stateless = id is null, EventStreamStore = id is null ? null : server.Events };
        _mcp = McpServer.Create(Transport, server.CreateOptions(), loggerFactory);
        Closing = _closing.Token;
        _running = _mcp.RunAsync(Closing);
    }

    public SampleServer Server { get; }

    public StreamableHttpServerTransport Transport { get; }

    /// <summary>Fires when the session ends; usable after that too.</summary>
    public CancellationToken Closing { get; }

    /// <summary>When its last exchange began or ended, in the clock's own ticks.</summary>
    public long LastUsed { get; private set; }

    public bool IsIdle => Volatile.Read(ref _open) == 0;

    public bool IsClosed => Volatile.Read(ref _closed) == 1;

    public void Enter(long now)
    {
        Interlocked.Increment(ref _open);
        LastUsed = now;
    }

    public void Leave(long now)
    {
        LastUsed = now;
        Interlocked.Decrement(ref _open);
    }

    /// <summary>The SDK's transport has one GET stream in a session's life and throws at the second.</summary>
    public bool TryTakeStream() => Interlocked.Exchange(ref _streamTaken, 1) == 0;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1)
            return;

        try
        {
            // The transport first: its closed inbox lets the server's loop end by itself.
            await Transport.DisposeAsync();
            await _closing.CancelAsync();
            await _running;
        }
        catch (OperationCanceledException)
        {
            // A tool was still at work; its caller has gone or is told by the closed stream.
        }
        finally
        {
            await _mcp.DisposeAsync();
            _closing.Dispose();
        }
    }
}
