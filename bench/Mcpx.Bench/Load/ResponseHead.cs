using System.Buffers.Text;
using System.Text;

namespace Mcpx.Bench.Load;

internal readonly record struct ResponseHead(int Status, int ContentLength, bool Chunked, bool Sse, string? Session)
{
    public static ResponseHead Parse(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(head[9..], out int status, out _))
            throw new InvalidDataException("Not an HTTP/1.1 answer");
        var parsed = new ResponseHead(status, 0, Chunked: false, Sse: false, Session: null);
        while (true)
        {
            var next = head.IndexOf("\r\n"u8);
            if (next < 0) return parsed;
            head = head[(next + 2)..];
            var end = head.IndexOf("\r\n"u8);
            parsed = parsed.With(end < 0 ? head : head[..end]);
        }
    }

    private ResponseHead With(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 0) return this;
        var value = line[(colon + 1)..].Trim((byte)' ');
        return colon switch
        {
            14 when Ascii.EqualsIgnoreCase(line[..colon], "Content-Length"u8) =>
                Utf8Parser.TryParse(value, out int length, out _) ? this with { ContentLength = length } : this,
            17 when Ascii.EqualsIgnoreCase(line[..colon], "Transfer-Encoding"u8) => this with { Chunked = true },
            12 when Ascii.EqualsIgnoreCase(line[..colon], "Content-Type"u8) =>
                this with { Sse = value.StartsWith("text/event-stream"u8) },
            14 when Ascii.EqualsIgnoreCase(line[..colon], "Mcp-Session-Id"u8) => this with { Session = Encoding.ASCII.GetString(value) },
            _ => this,
        };
    }
}
