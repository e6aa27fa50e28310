using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Mcpx.Tests.Protocol;

/// <summary>Valid messages with a few injuries each: what a fuzzer, a broken client or an attacker sends.</summary>
internal static class MutatedMessages
{
    private static readonly string[] Valid =
    [
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"balance","arguments":{"account":"FIN-1001","n":[1,2.5,null]}}}""",
        """{"method":"tools/call","params":{"arguments":{},"name":"get_user","_meta":{"progressToken":7}},"jsonrpc":"2.0","id":"a-1"}""",
        """{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}}}""",
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"Ünïcode","version":"1"}}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"x"}}""",
        """{"jsonrpc":"2.0","id":9,"result":{"roots":[]}}""",
        """{"jsonrpc":"2.0","id":"e","error":{"code":-32603,"message":"no"}}""",
        """{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"file:///a"}}""",
    ];

    private static readonly byte[][] Fragments =
    [
        .. new[]
        {
            "\"name\":\"transfer\",", "\"n\\u0061me\":\"transfer\",", "\"Name\":\"x\",", "\"id\":null,", "\"id\":1.5,", "\"method\":\"tools/list\",", "\"params\":[],",
            "\"params\":{},", "\"_meta\":1,", "\"jsonrpc\":\"1.0\",", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\0", "\uFEFF", "null", "true",
            "1e999", "-", "99999999999999999999999999", "//", "/*", " ", "\n", "\\u006", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "\u202e", "\U0001F600",
        }.Select(Encoding.UTF8.GetBytes),
        [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0x80], [0xF5, 0x80, 0x80, 0x80],
    ];

    private static readonly Gen<Edit> Edits =
        from kind in Gen.Choose(0, 5)
        from position in Gen.Choose(0, 10_000)
        from length in Gen.Choose(1, 40)
        from fragment in Gen.Elements(Fragments)
        select new Edit(kind, position, length, fragment);

    public static Gen<byte[]> Bodies { get; } =
        from seed in Gen.Elements(Valid)
        from count in Gen.Choose(0, 4)
        from edits in Gen.ListOf(Edits, count)
        select edits.Aggregate(Encoding.UTF8.GetBytes(seed), (body, edit) => edit.On(body));

    private sealed record Edit(int Kind, int Position, int Length, byte[] Fragment)
    {
        public byte[] On(byte[] body)
        {
            if (body.Length == 0) return Fragment;
            var at = Position % body.Length;
            var end = Math.Min(body.Length, at + Length);
            return Kind switch
            {
                0 => [.. body[..at], .. Fragment, .. body[at..]],
                1 => [.. body[..at], .. body[end..]],
                2 => [.. body[..at], .. body[at..end], .. body[at..]],
                3 => [.. body[..at], (byte)(body[at] ^ 1 << Length % 8), .. body[(at + 1)..]],
                4 => body[..at],
                // Behind a comma or a brace a member lands where members stand.
                _ => Array.FindIndex(body, at, b => b is (byte)'{' or (byte)',') is var brace and >= 0
                    ? [.. body[..(brace + 1)], .. Fragment, .. body[(brace + 1)..]]
                    : [.. body, .. Fragment],
            };
        }
    }
}
