using System.Buffers;
using System.Text;

namespace Mcpx.Core.Redaction.Detectors;

/// <summary>
/// The beginnings by which tokens, private keys and providers' keys are known. One vectorised pass says whether any stands
/// in a payload at all; most have none, and then nothing else looks for them.
/// </summary>
internal static class Marks
{
    private static readonly SearchValues<string> Exact = SearchValues.Create(["eyJ", "-----BEGIN", .. ProviderKeys.Prefixes], StringComparison.Ordinal);
    private static readonly SearchValues<string> AnyCase = SearchValues.Create(["bearer", "basic"], StringComparison.OrdinalIgnoreCase);

    public static bool AnyIn(ReadOnlySpan<byte> text)
    {
        char[] chars = ArrayPool<char>.Shared.Rent(Math.Max(1, text.Length));
        try
        {
            ReadOnlySpan<char> wide = Widen(text, chars);
            return wide.ContainsAny(Exact) || wide.ContainsAny(AnyCase);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>Finds what the detectors know whose rules are given; -1 for one that is off.</summary>
    public static void Find(ReadOnlySpan<byte> text, int tokens, int privateKeys, int providerKeys, List<Hit> hits)
    {
        char[] chars = ArrayPool<char>.Shared.Rent(Math.Max(1, text.Length));
        try
        {
            ReadOnlySpan<char> wide = Widen(text, chars);
            for (int at = 0; Next(wide, Exact, ref at); at++)
            {
                (int rule, (int Start, int End)? found) = text[at] switch
                {
                    (byte)'e' => (tokens, Tokens.Jwt(text, at)),
                    (byte)'-' => (privateKeys, PrivateKeys.Pem(text, at)),
                    _ => (providerKeys, ProviderKeys.Key(text, at)),
                };
                if (rule < 0 || found is not { } key) continue;
                hits.Add(new Hit(key.Start, key.End, rule));
                at = key.End - 1;
            }

            if (tokens < 0) return;
            for (int at = 0; Next(wide, AnyCase, ref at); at++)
            {
                if (Tokens.BehindScheme(text, at) is { } token) hits.Add(new Hit(token.Start, token.End, tokens));
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    private static bool Next(ReadOnlySpan<char> text, SearchValues<string> marks, ref int at)
    {
        if (at >= text.Length) return false;
        int next = text[at..].IndexOfAny(marks);
        at += Math.Max(0, next);
        return next >= 0;
    }

    /// <summary>A char for each byte, so that places are the same.</summary>
    private static ReadOnlySpan<char> Widen(ReadOnlySpan<byte> text, char[] chars) => chars.AsSpan(0, Encoding.Latin1.GetChars(text, chars));
}
