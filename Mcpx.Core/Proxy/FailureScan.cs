namespace Mcpx.Core.Proxy;

/// <summary>
/// Looks for <c>"isError": true</c> in an answer that passes in pieces and is too long to be kept. It knows no nesting, so
/// the same words in a tool's own data count too; such an answer is then recorded as failed though its tool did not say so.
/// </summary>
internal struct FailureScan
{
    private static readonly byte[] Name = "\"isError\""u8.ToArray();

    private byte[]? _tail;

    public bool SaysIsError { get; private set; }

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (SaysIsError) return;
        const int overlap = 64;
        if (_tail is not null)
        {
            Span<byte> seam = new byte[_tail.Length + Math.Min(piece.Length, overlap)];
            _tail.CopyTo(seam);
            piece[..(seam.Length - _tail.Length)].CopyTo(seam[_tail.Length..]);
            SaysIsError = Find(seam);
        }

        SaysIsError |= Find(piece);
        _tail = piece[^Math.Min(piece.Length, overlap)..].ToArray();
    }

    private static bool Find(ReadOnlySpan<byte> text)
    {
        int at;
        while ((at = text.IndexOf(Name)) >= 0)
        {
            text = text[(at + Name.Length)..];
            ReadOnlySpan<byte> value = text.TrimStart(" \t\r\n"u8);
            if (value.StartsWith(":"u8) && value[1..].TrimStart(" \t\r\n"u8).StartsWith("true"u8)) return true;
        }

        return false;
    }
}
