using System.Net.Sockets;
using System.Text;

namespace Mcpx.Bench.Load;

/// <summary>One keep-alive connection that has one request open at a time. A raw socket, so that little of what is measured is the client.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket;
    private byte[] _buffer = new byte[16 * 1024];
    private int _filled;

    private HttpConnection(Socket socket) => _socket = socket;

    public static async Task<HttpConnection> OpenAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            return new HttpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="InvalidDataException">The answer is not HTTP/1.1, or was cut off.</exception>
    public async ValueTask<HttpAnswer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var (head, start) = await SendForHeadAsync(request, cancellationToken);
        var length = head.Chunked
            ? await ReadChunksAsync(start, cancellationToken)
            : await ReadFixedAsync(start, head.ContentLength, cancellationToken);
        return new HttpAnswer(head.Status, head.Sse, head.Session, _buffer.AsMemory(start, length));
    }

    /// <summary>Sends a request whose answer stays open; from then on the connection serves nothing else.</summary>
    /// <exception cref="InvalidDataException">The answer is not HTTP/1.1, or was cut off.</exception>
    /// <returns>Its body is what came with the head.</returns>
    public async ValueTask<HttpAnswer> OpenStreamAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var (head, start) = await SendForHeadAsync(request, cancellationToken);
        var answer = new HttpAnswer(head.Status, head.Sse, head.Session, _buffer.AsMemory(start, _filled - start));
        // Whatever the stream says stays in the socket: 16 KB for each of 10,000 clients would be the generator's largest expense.
        _buffer = [];
        return answer;
    }

    /// <summary>Whether the other side has not closed the connection.</summary>
    public bool IsOpen => !_socket.Poll(0, SelectMode.SelectRead) || _socket.Available > 0;

    public void Dispose() => _socket.Dispose();

    private async ValueTask<(ResponseHead Head, int BodyStart)> SendForHeadAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..], SocketFlags.None, cancellationToken);
        _filled = 0;
        int end;
        while ((end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0) await ReceiveAsync(cancellationToken);
        return (ResponseHead.Parse(_buffer.AsSpan(0, end)), end + 4);
    }

    private async ValueTask<int> ReadFixedAsync(int start, int length, CancellationToken cancellationToken)
    {
        while (_filled < start + length) await ReceiveAsync(cancellationToken);
        return length;
    }

    // Moves each chunk to the end of the one before it: afterwards the body is one piece.
    private async ValueTask<int> ReadChunksAsync(int start, CancellationToken cancellationToken)
    {
        var read = start;
        var body = start;
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(read, _filled - read).IndexOf("\r\n"u8)) < 0) await ReceiveAsync(cancellationToken);
            var size = ChunkSize(_buffer.AsSpan(read, line));
            read += line + 2;
            while (_filled < read + size + 2) await ReceiveAsync(cancellationToken);
            if (size == 0) return body - start;
            _buffer.AsSpan(read, size).CopyTo(_buffer.AsSpan(body));
            body += size;
            read += size + 2;
        }
    }

    private static int ChunkSize(ReadOnlySpan<byte> line)
    {
        if (!System.Buffers.Text.Utf8Parser.TryParse(line, out int size, out _, 'x') || size < 0)
            throw new InvalidDataException($"Not a chunk size: {Encoding.ASCII.GetString(line)}");
        return size;
    }

    private async ValueTask ReceiveAsync(CancellationToken cancellationToken)
    {
        if (_filled == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(_filled), SocketFlags.None, cancellationToken);
        if (received == 0) throw new InvalidDataException("The connection ended before the answer did");
        _filled += received;
    }
}
