using System.Text;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// Texts that were read lately. Calls of one agent say the same of themselves each time: the same object serves them all,
/// and what looks at texts after this finds it again at once.
/// </summary>
internal sealed class RepeatedTexts
{
    private const int Places = 256;
    private const int Longest = 128;

    private readonly string?[] _texts = new string?[Places];

    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest || !Ascii.IsValid(utf8)) return Encoding.UTF8.GetString(utf8);
        // FNV-1a; who is hit by another text takes its place.
        uint hash = 2166136261;
        foreach (byte one in utf8) hash = (hash ^ one) * 16777619;
        ref string? place = ref _texts[hash % Places];
        return place is { } known && Ascii.Equals(utf8, known) ? known : place = Encoding.UTF8.GetString(utf8);
    }
}
