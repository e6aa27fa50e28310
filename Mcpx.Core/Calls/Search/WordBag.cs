using System.Globalization;
using System.Text;

namespace Mcpx.Core.Calls.Search;

/// <summary>
/// Words, each once, up to a number of characters, as UTF-8: payloads come in it and the database takes it. One bag serves
/// one record after the other, and nothing is made for a word.
/// </summary>
public sealed class WordBag
{
    private const int LongestRune = 4;

    private readonly List<(int Start, int Length, int Characters)> _words = [];
    private readonly List<uint> _hashes = [];
    private byte[] _text = new byte[2 * CallWords.MostCharacters];
    private int _used;

    /// <summary>Where the word begins that is being read, and its characters of UTF-16.</summary>
    private int _start;
    private int _length;
    private int _most;
    private int _characters;

    public int Count => _words.Count;

    public bool IsFull => _characters >= _most;

    /// <summary>In the order in which they came.</summary>
    public IEnumerable<string> All => Enumerable.Range(0, Count).Select(i => Encoding.UTF8.GetString(this[i]));

    public ReadOnlySpan<byte> this[int index] => _text.AsSpan(_words[index].Start, _words[index].Length);

    /// <summary>Empties the bag.</summary>
    public void Clear()
    {
        _words.Clear();
        _hashes.Clear();
        _used = _start = _length = _most = _characters = 0;
    }

    /// <param name="most">Characters of all words together.</param>
    public void Allow(int most) => _most = most;

    /// <summary>Adds the words of a text. What is no UTF-8 is no letter.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        for (int at = 0; at < text.Length && !IsFull;)
        {
            byte sign = text[at];
            if (sign < 0x80)
            {
                if (char.IsAsciiLetterOrDigit((char)sign)) Append(char.IsAsciiLetterUpper((char)sign) ? (byte)(sign | 0x20) : sign);
                else End();
                at++;
                continue;
            }

            Rune.DecodeFromUtf8(text[at..], out Rune rune, out int length);
            if (IsOfWord(rune)) Append(Rune.ToLowerInvariant(rune));
            else End();
            at += length;
        }

        End();
    }

    /// <summary>Adds a word that stands there already, beside all limits.</summary>
    public void AddWhole(ReadOnlySpan<byte> word)
    {
        MakeRoom(word.Length);
        word.CopyTo(_text.AsSpan(_used));
        _used += word.Length;
        Keep();
    }

    private static bool IsOfWord(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private void Append(byte letter)
    {
        if (_length >= CallWords.LongestWord) return;
        MakeRoom(1);
        _text[_used++] = letter;
        _length++;
    }

    private void Append(Rune letter)
    {
        if (_length >= CallWords.LongestWord) return;
        MakeRoom(LongestRune);
        _used += letter.EncodeToUtf8(_text.AsSpan(_used));
        _length += letter.Utf16SequenceLength;
    }

    private void End()
    {
        if (_length == 0) return;
        if (_characters + _length > _most)
        {
            _characters = _most;
            Forget();
        }
        else if (IsThere())
        {
            Forget();
        }
        else
        {
            _characters += _length;
            Keep();
        }
    }

    private void Keep()
    {
        _words.Add((_start, _used - _start, _length));
        _hashes.Add(Hash());
        (_start, _length) = (_used, 0);
    }

    private void Forget() => (_used, _length) = (_start, 0);

    /// <summary>Some dozens of hashes in a row are searched at once; a table would cost more to empty.</summary>
    private bool IsThere()
    {
        ReadOnlySpan<uint> hashes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_hashes);
        ReadOnlySpan<byte> word = _text.AsSpan(_start, _used - _start);
        uint hash = Hash();
        for (int at = 0; hashes[at..].IndexOf(hash) is >= 0 and var next; at += next + 1)
        {
            if (this[at + next].SequenceEqual(word)) return true;
        }

        return false;
    }

    /// <summary>FNV-1a.</summary>
    private uint Hash()
    {
        uint hash = 2166136261;
        foreach (byte one in _text.AsSpan(_start, _used - _start)) hash = (hash ^ one) * 16777619;
        return hash;
    }

    private void MakeRoom(int count)
    {
        if (_text.Length - _used < count) Array.Resize(ref _text, Math.Max(2 * _text.Length, _used + count));
    }
}
